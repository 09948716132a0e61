package store_test

import (
	"context"
	"errors"
	"sync"

	"github.com/amends/amends/services/payment/provider"
)

// call names a method of the provider.
type call string

const (
	authorize call = "authorize"
	capture   call = "capture"
	void      call = "void"
	refund    call = "refund"
	find      call = "find"
	forbid    call = "forbid"
)

var errCut = errors.New("connection reset by peer")

// wire is the connection to a provider. It can lose the reply to a call that
// took effect, and refuse a call before it has one.
type wire struct {
	to provider.Provider

	mu    sync.Mutex
	lose  map[call]int // replies to lose
	down  map[call]int // calls to refuse
	calls map[call]int // that arrived
}

func newWire(to provider.Provider) *wire {
	return &wire{to: to, lose: map[call]int{}, down: map[call]int{}, calls: map[call]int{}}
}

func (w *wire) Lose(c call, n int) { w.set(w.lose, c, n) }
func (w *wire) Down(c call, n int) { w.set(w.down, c, n) }

func (w *wire) Calls(c call) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.calls[c]
}

// Heal makes the wire lose and refuse nothing.
func (w *wire) Heal() {
	w.mu.Lock()
	defer w.mu.Unlock()
	clear(w.lose)
	clear(w.down)
}

func (w *wire) set(m map[call]int, c call, n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	m[c] = n
}

func (w *wire) use(m map[call]int, c call) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if m[c] == 0 {
		return false
	}
	m[c]--
	return true
}

type answer struct {
	effect provider.Effect
	found  bool
}

func (w *wire) pass(c call, f func() (answer, error)) (answer, error) {
	if w.use(w.down, c) {
		return answer{}, provider.ErrUnavailable
	}
	w.mu.Lock()
	w.calls[c]++
	w.mu.Unlock()
	a, err := f()
	if w.use(w.lose, c) {
		return answer{}, errCut
	}
	return a, err
}

func (w *wire) Authorize(ctx context.Context, r provider.Authorization) (provider.Effect, error) {
	a, err := w.pass(authorize, func() (answer, error) {
		e, err := w.to.Authorize(ctx, r)
		return answer{effect: e}, err
	})
	return a.effect, err
}

func (w *wire) Capture(ctx context.Context, r provider.Capture) (provider.Effect, error) {
	a, err := w.pass(capture, func() (answer, error) {
		e, err := w.to.Capture(ctx, r)
		return answer{effect: e}, err
	})
	return a.effect, err
}

func (w *wire) Refund(ctx context.Context, r provider.Refund) (provider.Effect, error) {
	a, err := w.pass(refund, func() (answer, error) {
		e, err := w.to.Refund(ctx, r)
		return answer{effect: e}, err
	})
	return a.effect, err
}

func (w *wire) Void(ctx context.Context, key string) error {
	_, err := w.pass(void, func() (answer, error) { return answer{}, w.to.Void(ctx, key) })
	return err
}

func (w *wire) Find(ctx context.Context, key string) (provider.Effect, bool, error) {
	a, err := w.pass(find, func() (answer, error) {
		e, found, err := w.to.Find(ctx, key)
		return answer{e, found}, err
	})
	return a.effect, a.found, err
}

func (w *wire) Forbid(ctx context.Context, key string) (provider.Effect, bool, error) {
	a, err := w.pass(forbid, func() (answer, error) {
		e, found, err := w.to.Forbid(ctx, key)
		return answer{e, found}, err
	})
	return a.effect, a.found, err
}
