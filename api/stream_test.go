package api

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/api/problem"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/identity/token"
	"github.com/amends/amends/services/query"
)

// following starts a server whose clients may write for longer than a moment only on
// streams, and a model that knows the order.
func following(t *testing.T, m *fakeModel, v *token.Verifier) *testBundle {
	t.Helper()
	m.tell(told(accountsOrder, "cus_42", query.Confirmed, 1))
	b := modelled(t, m)
	b.http.Close()
	if v != nil {
		b = shopWith(t, func(*Config) {}, WithLogger(slog.New(slog.DiscardHandler)), WithQuery(m), WithVerifier(v))
		b.http.Close()
	}
	b.http = httptest.NewUnstartedServer(nil)
	b.http.Config = HTTPServer("", b.server)
	b.http.Config.WriteTimeout = 300 * time.Millisecond
	b.http.Start()
	t.Cleanup(b.http.Close)
	return b
}

// followed is an open stream.
type followed struct {
	*http.Response

	lines *bufio.Scanner
}

// follow opens a stream as the owner.
func (b *testBundle) follow(t *testing.T, header ...string) followed {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.http.URL+"/v1/orders/"+accountsOrder+"/events", nil)
	require.NoError(t, err)
	for _, line := range append([]string{asOwner}, header...) {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Set(name, value)
	}
	answer, err := b.http.Client().Do(r)
	require.NoError(t, err)
	t.Cleanup(func() { _ = answer.Body.Close() })
	return followed{answer, bufio.NewScanner(answer.Body)}
}

// next returns the next event, as "id event data", or "" at the end of the stream.
func (f followed) next() string {
	var parts []string
	for f.lines.Scan() {
		switch name, value, _ := strings.Cut(f.lines.Text(), ": "); {
		case f.lines.Text() == "" && len(parts) > 0:
			return strings.Join(parts, " ")
		case name != "" && value != "":
			parts = append(parts, value)
		}
	}
	return ""
}

func (f followed) rest() (all []string) {
	for e := f.next(); e != ""; e = f.next() {
		all = append(all, e)
	}
	return all
}

const stepData = `{"attempts":1,"ended_at":"2026-01-02T03:04:05Z","name":"%s","started_at":"2026-01-02T03:04:05Z","state":"done"}`

// sent is how an entry of the first generation is sent.
func sent(n int64, fact, step string) string {
	return fmt.Sprintf("1.%d %s "+stepData, n, fact, step)
}

var (
	placed    = entry(1, 1, "order.placed", "order.create", false)
	captured  = entry(1, 2, "payment.captured", "payment.capture", false)
	confirmed = entry(1, 3, "order.confirmed", "order.confirm", true)
	wholeLife = []string{
		sent(1, "order.placed", "order.create"), sent(2, "payment.captured", "payment.capture"), sent(3, "order.confirmed", "order.confirm"),
	}
)

func TestFollowOrder(t *testing.T) {
	t.Parallel()

	t.Run("SendsThePastThenTheFutureThenEnds", func(t *testing.T) {
		t.Parallel()
		m := newModel()
		m.add(accountsOrder, placed)
		b := following(t, m, nil)
		f := b.follow(t)
		require.Equal(t, http.StatusOK, f.StatusCode)
		require.Equal(t, "text/event-stream", f.Header.Get("Content-Type"))
		require.Equal(t, "no-store", f.Header.Get("Cache-Control"))
		require.Equal(t, "no", f.Header.Get("X-Accel-Buffering"))
		require.Equal(t, wholeLife[0], f.next())
		m.add(accountsOrder, captured)
		require.Equal(t, wholeLife[1], f.next(), "as it happens")
		m.add(accountsOrder, confirmed)
		require.Equal(t, wholeLife[2:], f.rest())
		require.NoError(t, f.lines.Err())
	})

	t.Run("OutlivesTheServersTimeForAnAnswer", func(t *testing.T) {
		t.Parallel()
		m := newModel()
		m.add(accountsOrder, placed)
		b := following(t, m, nil)
		f := b.follow(t)
		require.Equal(t, wholeLife[0], f.next())
		<-time.After(2 * b.http.Config.WriteTimeout) // the claim is about this time
		m.add(accountsOrder, captured, confirmed)
		require.Equal(t, wholeLife[1:], f.rest())
	})

	t.Run("GoesOnBehindTheLastEvent", func(t *testing.T) {
		t.Parallel()
		m := newModel()
		m.add(accountsOrder, placed, captured, confirmed)
		b := following(t, m, nil)
		require.Equal(t, wholeLife[1:], b.follow(t, "Last-Event-ID: 1.1").rest())
		require.Equal(t, wholeLife, b.follow(t, "Last-Event-ID: 7.3").rest(), "of another generation: all")
		require.Equal(t, http.StatusNoContent, b.follow(t, "Last-Event-ID: 1.3").StatusCode, "it need not come again")
		for _, wrong := range []string{"x", "1", "1.-1", "01.1", "1.1.1", "9223372036854775808.1"} {
			b.do(t, http.MethodGet, "/v1/orders/"+accountsOrder+"/events", "", asOwner, "Last-Event-ID: "+wrong).
				refused(t, http.StatusBadRequest, problem.BadRequest)
		}
	})

	t.Run("HasWhatComesBehindTheEnd", func(t *testing.T) {
		t.Parallel()
		m := newModel()
		m.add(accountsOrder, placed, entry(1, 2, "order.confirmed", "order.confirm", true), entry(1, 3, "payment.captured", "payment.capture", false))
		f := following(t, m, nil).follow(t, "Last-Event-ID: 1.2")
		require.Equal(t, http.StatusOK, f.StatusCode)
		require.Equal(t, sent(3, "payment.captured", "payment.capture"), f.next(), "services are heard in any order")
	})

	t.Run("OutlastsTheReadModel", func(t *testing.T) {
		t.Parallel()
		m := newModel()
		m.add(accountsOrder, placed)
		var away atomic.Bool
		m.fail = func(ctx context.Context) error {
			if away.Load() {
				return fault.Errorf(fault.Transient, fault.Unavailable, "away")
			}
			return ctx.Err()
		}
		b := following(t, m, nil)
		f := b.follow(t)
		require.Equal(t, wholeLife[0], f.next())
		away.Store(true)
		m.add(accountsOrder, captured) // the call that waited fails
		time.AfterFunc(100*time.Millisecond, func() {
			m.add(accountsOrder, confirmed)
			away.Store(false)
		})
		require.Equal(t, wholeLife[1:], f.rest(), "nothing lost, nothing twice")
		require.Greater(t, m.follows, 1)
	})

	t.Run("BeginsAnewWhenTheReadModelWasRebuilt", func(t *testing.T) {
		t.Parallel()
		m := newModel()
		m.add(accountsOrder, placed)
		b := following(t, m, nil)
		f := b.follow(t)
		require.Equal(t, wholeLife[0], f.next())
		m.rebuild(accountsOrder, entry(2, 1, "order.placed", "order.create", false), entry(2, 2, "order.cancelled", "order.cancel", true))
		require.Equal(t, []string{
			fmt.Sprintf("2.1 order.placed "+stepData, "order.create"), fmt.Sprintf("2.2 order.cancelled "+stepData, "order.cancel"),
		}, f.rest())
	})

	t.Run("WaitsForAnOrderThatTheReadModelDoesNotKnowYet", func(t *testing.T) {
		t.Parallel()
		m := newModel()
		b := following(t, m, nil)
		f := b.follow(t)
		require.Equal(t, http.StatusOK, f.StatusCode)
		m.add(accountsOrder, placed, captured, confirmed)
		require.Equal(t, wholeLife, f.rest())
	})

	t.Run("SaysThatTheReadModelIsAway", func(t *testing.T) {
		t.Parallel()
		m := newModel()
		b := following(t, m, nil)
		var orders atomic.Int64
		m.fail = func(context.Context) error {
			if orders.Add(1) == 1 {
				return nil // the order is found
			}
			return fault.Errorf(fault.Transient, fault.Unavailable, "10.0.0.9 is away")
		}
		b.do(t, http.MethodGet, "/v1/orders/"+accountsOrder+"/events", "", asOwner).refused(t, http.StatusServiceUnavailable, fault.Unavailable)
	})

	t.Run("EndsWithTheSession", func(t *testing.T) {
		t.Parallel()
		a := &endingAccounts{fakeAccounts: newAccounts(t)}
		v := token.NewVerifier(token.Config{Source: a, Logger: slog.New(slog.DiscardHandler)})
		ctx, stop := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { _ = v.Run(ctx) })
		t.Cleanup(func() { stop(); running.Wait() })
		m := newModel()
		m.add(accountsOrder, placed)
		b := following(t, m, v)
		f := b.follow(t, a.sign(t, "cus_42", "s1", time.Now(), customerScopes...))
		require.Equal(t, wholeLife[0], f.next())
		a.ended.Store(true)
		require.Empty(t, f.next())
		require.NoError(t, f.lines.Err(), "an end, and no broken connection")
	})

	t.Run("EndsWhenTheServerIsToStop", func(t *testing.T) {
		t.Parallel()
		m := newModel()
		m.add(accountsOrder, placed)
		b := following(t, m, nil)
		f := b.follow(t)
		require.Equal(t, wholeLife[0], f.next())
		b.server.Drain()
		require.Empty(t, f.next())
		require.NoError(t, f.lines.Err())
	})

	t.Run("IsLimitedByCaller", func(t *testing.T) {
		t.Parallel()
		m := newModel()
		m.add(accountsOrder, placed)
		b := following(t, m, nil)
		var open []followed
		for range DefaultConfig().Streams {
			open = append(open, b.follow(t))
			require.Equal(t, http.StatusOK, open[len(open)-1].StatusCode)
		}
		answer := b.do(t, http.MethodGet, "/v1/orders/"+accountsOrder+"/events", "", asOwner)
		p := answer.refused(t, http.StatusTooManyRequests, problem.QuotaExceeded)
		require.Equal(t, []string{"streams"}, *p.ViolatedPolicies)
		requireRetryAfter(t, answer.Header)
		require.Equal(t, http.StatusOK, b.follow(t, "Authorization: Bearer amk_2_reader").StatusCode, "each key has its own")
		require.NoError(t, open[0].Body.Close())
		require.Eventually(t, func() bool { return b.follow(t).StatusCode == http.StatusOK }, 10*time.Second, 10*time.Millisecond)
	})

	t.Run("AnswersHeadWithoutAStream", func(t *testing.T) {
		t.Parallel()
		m := newModel()
		m.add(accountsOrder, placed)
		answer := following(t, m, nil).do(t, http.MethodHead, "/v1/orders/"+accountsOrder+"/events", "", asOwner)
		require.Equal(t, http.StatusOK, answer.StatusCode)
	})

	t.Run("HasNoOtherReader", func(t *testing.T) {
		t.Parallel()
		b := following(t, newModel(), nil)
		b.do(t, http.MethodGet, "/v1/orders/"+someOrder+"/events", "", "Amends-Claim: x").refused(t, http.StatusNotFound, fault.NotFound)
		_, err := io.ReadAll(b.follow(t, "Amends-Timeout: 0.3").Body)
		require.NoError(t, err, "a client may bound a stream")
	})
}

// endingAccounts ends the session s1.
type endingAccounts struct {
	*fakeAccounts

	ended atomic.Bool
}

func (a *endingAccounts) Revocations(ctx context.Context, after int64) (token.Revocations, error) {
	r, err := a.fakeAccounts.Revocations(ctx, after)
	if a.ended.Load() {
		r.Ended = append(r.Ended, token.Ended{ID: "s1", Until: time.Now().Add(time.Hour)})
	}
	return r, err
}
