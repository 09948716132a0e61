package batch

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"sync"
	"time"
)

// Memory keeps batches in this process, for as long as it lives: those that were started while
// no other list could be reached. It is safe for concurrent use.
type Memory struct {
	now func() time.Time

	mu  sync.Mutex
	all []Batch
}

// NewMemory returns an empty list with a clock.
func NewMemory(now func() time.Time) *Memory { return &Memory{now: now} }

// ErrNone is the error of a batch that a list does not have.
var ErrNone = errors.New("there is no such batch")

// Start adds a batch, whose orders all wait.
func (m *Memory) Start(by, action, reason string, orders []string) Batch {
	b := Batch{ID: rand.Text()[:12], By: by, Action: action, Reason: reason, At: m.now()}
	for _, id := range orders {
		b.Items = append(b.Items, Item{Order: id, State: Waiting})
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.all = append(m.all, b)
	m.all = m.all[max(0, len(m.all)-most):]
	return b.copy()
}

func (b Batch) copy() Batch {
	b.Items = slices.Clone(b.Items)
	return b
}

func (m *Memory) find(id string) (*Batch, error) {
	i := slices.IndexFunc(m.all, func(b Batch) bool { return b.ID == id })
	if i < 0 {
		return nil, ErrNone
	}
	return &m.all[i], nil
}

// As returns the list in the name of a person.
func (m *Memory) As(name string) List { return memoryList{m, name} }

type memoryList struct {
	*Memory

	name string
}

// Get implements [List].
func (m memoryList) Get(_ context.Context, id string) (Batch, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	b, err := m.find(id)
	if err != nil {
		return Batch{}, err
	}
	return b.copy(), nil
}

// Add implements [List].
func (m memoryList) Add(_ context.Context, id string, n Note) (Batch, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	b, err := m.find(id)
	if err != nil {
		return Batch{}, err
	}
	switch n.State {
	case Stopped:
		b.Stopped, b.Turn = true, b.Turn+1
	case Resumed:
		b.Stopped, b.Turn, b.By = false, b.Turn+1, m.name
	default:
		if i := slices.IndexFunc(b.Items, func(i Item) bool { return i.Order == n.Order && i.State == Waiting }); i >= 0 {
			b.Items[i] = Item{n.Order, n.State, n.Text, m.name}
		}
	}
	return b.copy(), nil
}
