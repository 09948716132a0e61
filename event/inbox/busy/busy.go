// Package busy remembers, in one process, which keys are in a handler, and which events
// were handled last.
package busy

import (
	"context"
	"sync"
)

// Keys are those of which an event is being handled, by whichever part of the process.
type Keys struct {
	mu   sync.Mutex
	busy map[string]chan struct{} // closed when the key is free
}

// NewKeys returns keys of which none is busy.
func NewKeys() *Keys { return &Keys{busy: map[string]chan struct{}{}} }

// Take reserves a key. It reports false if the key is busy.
func (k *Keys) Take(key string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.busy[key] != nil {
		return false
	}
	k.busy[key] = make(chan struct{})
	return true
}

// Await reserves a key, and waits until it can or ctx ends.
func (k *Keys) Await(ctx context.Context, key string) error {
	for !k.Take(key) {
		k.mu.Lock()
		free := k.busy[key]
		k.mu.Unlock()
		if free == nil {
			continue
		}
		select {
		case <-ctx.Done():
			return ctx.Err() //nolint:wrapcheck // the caller's own
		case <-free:
		}
	}
	return nil
}

// Free releases a key that was taken.
func (k *Keys) Free(key string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	close(k.busy[key])
	delete(k.busy, key)
}

// All returns the busy keys.
func (k *Keys) All() []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	all := make([]string, 0, len(k.busy))
	for key := range k.busy {
		all = append(all, key)
	}
	return all
}

// Recent remembers the events that a reaction has handled last. It only saves work: the
// bus delivers a whole batch again if one event of it could not be kept.
type Recent struct {
	mu    sync.Mutex
	ids   map[string]bool
	order []string
	next  int
}

// remembered is the number of events that are remembered, some batches.
const remembered = 4096

// NewRecent returns a memory of no event.
func NewRecent() *Recent {
	return &Recent{ids: make(map[string]bool, remembered), order: make([]string, remembered)}
}

// Add remembers an event, and forgets the oldest one.
func (r *Recent) Add(id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.ids, r.order[r.next])
	r.order[r.next], r.ids[id] = id, true
	r.next = (r.next + 1) % remembered
}

// Has reports whether the event is remembered.
func (r *Recent) Has(id string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.ids[id]
}
