package discovery

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

// Memory is the registry of a platform in one process: nothing is on the wire, and no
// lease ends. The zero Memory is empty.
type Memory struct {
	mu       sync.Mutex
	entries  []Instance
	watchers map[*watcher]struct{}
}

// watcher is one watch. Its queue never blocks a writer.
type watcher struct {
	service string
	queue   []Change
	wake    chan struct{} // has room for one
}

// Put implements [Registry].
func (m *Memory) Put(_ context.Context, i Instance) error {
	if err := i.Validate(); err != nil {
		return fmt.Errorf("%w: %w", ErrIllegal, err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.drop(i.Service, i.ID)
	m.entries = append(m.entries, i)
	m.tell(i.Service, Change{Kind: Present, Instances: []Instance{i}})
	return nil
}

// Remove implements [Registry].
func (m *Memory) Remove(_ context.Context, service, id string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.drop(service, id) {
		m.tell(service, Change{Kind: Left, Instances: []Instance{{Service: service, ID: id}}})
	}
	return nil
}

func (m *Memory) drop(service, id string) bool {
	before := len(m.entries)
	m.entries = slices.DeleteFunc(m.entries, func(i Instance) bool { return i.Service == service && i.ID == id })
	return len(m.entries) < before
}

func (m *Memory) tell(service string, c Change) {
	for w := range m.watchers {
		if w.service == service {
			w.queue = append(w.queue, c)
			select {
			case w.wake <- struct{}{}:
			default: // it will see the change with the one before
			}
		}
	}
}

// Watch implements [Registry]. It never loses its registry.
func (m *Memory) Watch(ctx context.Context, service string, f func(Change)) error {
	w := &watcher{service: service, wake: make(chan struct{}, 1)}
	m.mu.Lock()
	all := slices.DeleteFunc(slices.Clone(m.entries), func(i Instance) bool { return i.Service != service })
	if m.watchers == nil {
		m.watchers = map[*watcher]struct{}{}
	}
	m.watchers[w] = struct{}{}
	m.mu.Unlock()
	defer func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		delete(m.watchers, w)
	}()

	f(Change{Kind: Listed, Instances: all})
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-w.wake:
		}
		m.mu.Lock()
		queue := w.queue
		w.queue = nil
		m.mu.Unlock()
		for _, c := range queue {
			f(c)
		}
	}
}

// All implements [Registry].
func (m *Memory) All(context.Context) ([]Instance, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.entries), nil
}

// Lease implements [Registry].
func (m *Memory) Lease() time.Duration { return 0 }
