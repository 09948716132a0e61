package token

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/amends/amends/internal/background"
)

// ErrEnded is the cause of a context that ended with its session, see [Verifier.Watch].
var ErrEnded = errors.New("the session has ended")

// list is the copy of the revocations.
type list struct {
	mu       sync.Mutex
	position int64
	at       time.Time // before the question whose answer is the newest; zero: never
	ended    map[string]time.Time
	watched  map[string]map[*watch]bool
}

// watch is a context that ends with its session.
type watch struct{ end context.CancelCauseFunc }

// look reports whether a session or an API key has ended, as far as the list knows, and
// whether the list is fresh.
func (l *list) look(id string, now time.Time) (ended, fresh bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, ended = l.ended[id]
	return ended, !l.at.IsZero() && now.Sub(l.at) <= Stale
}

// take adds an answer to a question that was asked at a time.
func (l *list) take(r Revocations, at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.position = r.Position
	for _, e := range r.Ended {
		l.ended[e.ID] = e.Until
		for w := range l.watched[e.ID] {
			w.end(ErrEnded)
		}
		delete(l.watched, e.ID)
	}
	if !r.More {
		l.at = at
	}
}

// forget drops the entries whose tokens have all expired, by this host's clock.
func (l *list) forget(now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for id, until := range l.ended {
		if now.After(until.Add(Leeway)) {
			delete(l.ended, id)
		}
	}
}

// Watch returns a context that ends with cause [ErrEnded] when the caller's session or API
// key ends, or the proof expires. Streams run in it. The caller must call stop.
func (v *Verifier) Watch(ctx context.Context, i Identity) (watched context.Context, stop context.CancelFunc) {
	expires := func() {}
	if !i.Expires.IsZero() {
		ctx, expires = context.WithDeadlineCause(ctx, i.Expires, ErrEnded)
	}
	ctx, end := context.WithCancelCause(ctx)
	w, id := &watch{end}, i.id()
	v.list.mu.Lock()
	defer v.list.mu.Unlock()
	if _, ended := v.list.ended[id]; ended {
		end(ErrEnded)
	} else {
		if v.list.watched[id] == nil {
			v.list.watched[id] = map[*watch]bool{}
		}
		v.list.watched[id][w] = true
	}
	return ctx, func() {
		v.list.mu.Lock()
		defer v.list.mu.Unlock()
		delete(v.list.watched[id], w)
		if len(v.list.watched[id]) == 0 {
			delete(v.list.watched, id)
		}
		end(context.Canceled)
		expires()
	}
}

// Run follows the list and the keys until ctx ends, and returns nil. Until they were read
// for the first time it asks more often than every [Every], beginning with 10 ms.
func (v *Verifier) Run(ctx context.Context) error {
	t := trouble{log: v.log}
	follow := func(ctx context.Context) error {
		err := v.follow(ctx)
		if ctx.Err() == nil {
			t.note(err, v.now())
		}
		return err
	}
	_ = background.Retry{First: firstPause, Most: Every}.Do(ctx, follow) // an error: ctx has ended
	tick := time.NewTicker(Every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			_ = follow(ctx) // its error is noted
		}
	}
}

// firstPause is the one after the first attempt to read the list.
const firstPause = 10 * time.Millisecond

// patience is how long the list may not be readable before that is logged: the service may
// start at the same time as the gateway.
const patience = 5 * time.Second

// trouble logs that the list cannot be read, and that it can again, once each.
type trouble struct {
	log   *slog.Logger
	since time.Time // of the failures in a row; zero: there is none
	told  bool
}

// note takes the outcome of an attempt to read the list.
func (t *trouble) note(err error, now time.Time) {
	switch {
	case err == nil:
		if t.told {
			t.log.Info("the list of ended sessions can be read again")
		}
		t.since, t.told = time.Time{}, false
	case t.since.IsZero():
		t.since = now
	case !t.told && now.Sub(t.since) >= patience:
		t.told = true
		t.log.Warn("the list of ended sessions cannot be read", "error", err)
	}
}

// follow reads the list to its end, and the keys when it is time.
func (v *Verifier) follow(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	keysErr := v.followKeys(ctx)
	for {
		at := v.now()
		v.list.mu.Lock()
		after := v.list.position
		v.list.mu.Unlock()
		r, err := v.source.Revocations(ctx, after)
		if err != nil {
			return errors.Join(err, keysErr)
		}
		v.list.take(r, at)
		if !r.More {
			v.list.forget(at)
			if keysErr == nil {
				v.read.Store(true)
			}
			return keysErr
		}
	}
}

// followKeys reads the keys when it is time, which is now if there are none: that others
// have just asked for them in vain must not delay the first answer.
func (v *Verifier) followKeys(ctx context.Context) error {
	v.mu.Lock()
	none := len(v.keys) == 0
	v.mu.Unlock()
	if none {
		_, err := v.fetch(ctx, 0)
		return err
	}
	_, err := v.Keys(ctx)
	return err
}

// Age returns how old the copy of the list is, and false if there is none yet.
func (v *Verifier) Age() (time.Duration, bool) {
	v.list.mu.Lock()
	defer v.list.mu.Unlock()
	return v.now().Sub(v.list.at), !v.list.at.IsZero()
}
