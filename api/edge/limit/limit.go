// Package limit limits how often callers call, by class of operation.
//
// A class has quotas, such as 10 in a second and 300 in a minute, and a request must find
// room in all of them. They are counted by the generic cell rate algorithm, which spreads
// a quota evenly after a first burst of it: at no time do more than twice as many pass in a window.
//
// Gateways share no store, so that none can fail for all. Each enforces its share, the
// quota divided by the number of gateways that live, and tells its clients that share. The
// algorithm keeps a caller's past as a time, which is the same part of a quota whatever
// its size: when a gateway ends, the others grant the rest of the quota and no more.
package limit

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/throttled/throttled/v2"
	"github.com/throttled/throttled/v2/store/memstore"

	"github.com/amends/amends/internal/quota"
)

// Config configures a [Limiter].
type Config struct {
	// Classes are the quotas of each class, the shortest window first. A class without
	// quotas is not limited.
	Classes map[string][]quota.Quota
	// Shadow are the classes whose quotas are only observed: no request is refused, and no
	// client is told.
	Shadow []string
	// Callers is how many callers are remembered, each with one entry for a quota; of more,
	// the one that called least recently is forgotten.
	Callers int
	// Gateways returns how many gateways live, this one included. Less than 1 counts as 1.
	Gateways func() int
	// Observe is called for each request without room, with the class and the name of the
	// quota; it must not block.
	Observe func(class, quota string, shadow bool)
	// Now is the clock.
	Now func() time.Time
}

// Limiter counts the requests of callers. It is safe for concurrent use.
type Limiter struct {
	config Config
	store  throttled.GCRAStoreCtx

	mu     sync.Mutex
	living int                 // gateways, by which the shares are made
	shares map[string][]*share // by class
}

// share is the part of a quota that this gateway grants.
type share struct {
	name  string
	count int
	per   int // seconds
	key   string
	gcra  *throttled.GCRARateLimiterCtx
}

// patience is how often the library repeats an update that another one of the same caller
// has overtaken; one of them always succeeds.
const patience = 10_000

// New returns a limiter.
func New(c Config) (*Limiter, error) {
	entries := 0
	for _, quotas := range c.Classes {
		entries = max(entries, len(quotas))
	}
	memory, err := memstore.New(max(c.Callers*entries, 1)) // 0 would be no bound
	if err != nil {
		return nil, fmt.Errorf("store of callers: %w", err)
	}
	memory.SetTimeNow(c.Now)
	l := &Limiter{config: c, store: throttled.WrapStoreWithContext(memory)}
	_, err = l.sharesOf("")
	return l, err
}

// sharesOf returns the shares of a class, made anew when gateways came or went.
func (l *Limiter) sharesOf(class string) ([]*share, error) {
	living := max(l.config.Gateways(), 1)
	l.mu.Lock()
	defer l.mu.Unlock()
	if living == l.living {
		return l.shares[class], nil
	}
	all := map[string][]*share{}
	for name, quotas := range l.config.Classes {
		for _, q := range quotas {
			s, err := newShare(q, living, name, l.store)
			if err != nil {
				return nil, err
			}
			all[name] = append(all[name], s)
		}
	}
	l.living, l.shares = living, all
	return all[class], nil
}

// newShare divides a quota. The pace is exact; the burst is whole requests, and one at
// least, in a longer window if need be.
func newShare(q quota.Quota, living int, class string, store throttled.GCRAStoreCtx) (*share, error) {
	pace := q.Per * time.Duration(living) / time.Duration(q.Count)
	count := max(q.Count/living, 1)
	gcra, err := throttled.NewGCRARateLimiterCtx(store, throttled.RateQuota{MaxRate: throttled.PerDuration(1, pace), MaxBurst: count - 1})
	if err != nil {
		return nil, fmt.Errorf("quota %s: %w", q.Name, err)
	}
	gcra.SetMaxCASAttemptsLimit(patience)
	return &share{q.Name, count, seconds(max(q.Per, pace)), class + "\x00" + q.Name + "\x00", gcra}, nil
}

// Decision is the answer to one request.
type Decision struct {
	Violated   []string      // the quotas without room; none: the request passes
	RetryAfter time.Duration // until there is room, if there is none
	Policies   string        // of the field RateLimit-Policy, "" if the client is not told
	State      string        // of the field RateLimit
}

// Take counts a request of a caller, and tells whether it may pass. A request that is
// refused counts in no quota of a longer window than the one that refuses it.
func (l *Limiter) Take(ctx context.Context, class, caller string) (Decision, error) {
	shares, err := l.sharesOf(class)
	if err != nil {
		return Decision{}, err
	}
	shadow := slices.Contains(l.config.Shadow, class)
	var d Decision
	var policies, states []string
	for _, s := range shares {
		policies = append(policies, fmt.Sprintf(`"%s";q=%d;w=%d`, s.name, s.count, s.per))
		if len(d.Violated) > 0 {
			continue
		}
		limited, state, err := s.gcra.RateLimitCtx(ctx, s.key+caller, 1)
		if err != nil {
			return Decision{}, fmt.Errorf("quota %s: %w", s.name, err)
		}
		states = append(states, fmt.Sprintf(`"%s";r=%d;t=%d`, s.name, state.Remaining, seconds(state.ResetAfter)))
		if limited {
			d.Violated, d.RetryAfter = []string{s.name}, state.RetryAfter
			l.config.Observe(class, s.name, shadow)
		}
	}
	if shadow {
		return Decision{}, nil
	}
	d.Policies, d.State = strings.Join(policies, ", "), strings.Join(states, ", ")
	return d, nil
}

// seconds rounds up: a client that waits as long as it is told must not be too early.
func seconds(d time.Duration) int { return int(math.Ceil(d.Seconds())) }
