// Package needs makes one list of everything that needs an operator: first of all that no
// worker of the order service answers, then the orders that are flagged, stopped or stuck, and
// the dead letters, with the holdings of each.
//
// Each part has a source of its own. One that cannot be asked is named, and hides no other.
package needs

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/amends/amends/internal/exposure"
	"github.com/amends/amends/internal/watch"
	"github.com/amends/amends/internal/watch/stuck"
)

// List is everything that needs an operator.
type List struct {
	// NoWorker says that no worker of the order service answers; empty: one does, or it is not
	// known. Nothing is decided without one, and the other parts may be of the past.
	NoWorker string `json:"no_worker,omitempty"`
	// Orders are the flagged orders, the longest waiting first, and Total counts them all.
	Orders []watch.FlaggedOrder `json:"orders"`
	Total  int                  `json:"total"`
	// Stuck are the undecided orders and refunds that make no progress, those whose saga was
	// stopped included, the oldest first.
	Stuck []stuck.Order `json:"stuck"`
	// Letters are the events that a service has failed to handle by a bug.
	Letters []Letter `json:"dead_letters"`
	// Holds are the holdings of all orders of the list together, each of them counted once.
	Holds exposure.Exposure `json:"holds,omitzero"`
	// NotAsked has the reason for each source that could not be asked.
	NotAsked map[string]string `json:"not_asked,omitempty"`
}

// Letter is an event that is dead at a service.
type Letter struct {
	Group   string            `json:"group"` // the service
	ID      string            `json:"id"`
	Type    string            `json:"type"`
	Key     string            `json:"key"` // of an order's event, its id
	Code    string            `json:"code"`
	Message string            `json:"message"`
	Since   time.Time         `json:"since"`
	Holds   exposure.Exposure `json:"holds,omitzero"` // by the order of that id
}

// Empty reports whether nothing needs an operator, as far as the sources were asked.
func (l List) Empty() bool {
	return l.NoWorker == "" && len(l.Orders)+len(l.Stuck)+len(l.Letters) == 0
}

// Sources are asked for the parts of the list.
type Sources struct {
	// Flagged returns flagged orders, and how many there are.
	Flagged func(ctx context.Context) ([]watch.FlaggedOrder, int, error)
	// Silent says that no worker of the order service answers, and Stuck, which is told
	// whether that is so, finds the stuck orders; both ask the engine.
	Silent func(ctx context.Context) (string, error)
	Stuck  func(ctx context.Context, silent bool) (stuck.Report, error)
	// Letters returns the dead letters of a service, one of Services.
	Services []string
	Letters  func(ctx context.Context, service string) ([]Letter, error)
	// Exposure returns the holdings of orders at a service, one of Holders.
	Holders  []string
	Exposure func(ctx context.Context, service string, orders []string) (map[string]exposure.Exposure, error)
}

// Gather asks the sources. Its error is that of the flagged orders, without which there is no
// list.
func Gather(ctx context.Context, s Sources) (List, error) {
	l := List{Stuck: []stuck.Order{}, Letters: []Letter{}, NotAsked: map[string]string{}}
	var err error
	if l.Orders, l.Total, err = s.Flagged(ctx); err != nil {
		return List{}, err
	}
	l.engine(ctx, s)
	for _, service := range s.Services {
		letters, err := s.Letters(ctx, service)
		l.missed("dead letters of "+service, err)
		l.Letters = append(l.Letters, letters...)
	}
	slices.SortStableFunc(l.Letters, func(a, b Letter) int { return a.Since.Compare(b.Since) })
	l.expose(ctx, s)
	return l, nil
}

// engine asks the engine.
func (l *List) engine(ctx context.Context, s Sources) {
	silent, err := s.Silent(ctx)
	if l.NoWorker = silent; err != nil {
		l.missed("engine", err)
		return
	}
	found, err := s.Stuck(ctx, silent != "")
	l.missed("engine", err)
	l.Stuck = append(l.Stuck, found.Orders...)
}

// expose adds the holdings of the orders.
func (l *List) expose(ctx context.Context, s Sources) {
	ids := l.ids()
	if len(ids) == 0 {
		return
	}
	holds := map[string]exposure.Exposure{}
	for _, service := range s.Holders {
		of, err := s.Exposure(ctx, service, ids)
		l.missed("holdings at "+service, err)
		for id, e := range of {
			all := holds[id]
			all.Add(e)
			holds[id] = all
		}
	}
	for i := range l.Orders {
		l.Orders[i].Holds = holds[l.Orders[i].ID]
	}
	for i := range l.Stuck {
		l.Stuck[i].Holds = holds[l.Stuck[i].ID]
	}
	for i := range l.Letters {
		l.Letters[i].Holds = holds[l.Letters[i].Key]
	}
	for _, id := range ids {
		l.Holds.Add(holds[id].Amounts())
	}
}

// ids returns the ids of the orders of the list, each once.
func (l *List) ids() (ids []string) {
	for _, o := range l.Orders {
		ids = append(ids, o.ID)
	}
	for _, o := range l.Stuck {
		ids = append(ids, o.ID)
	}
	for _, letter := range l.Letters {
		ids = append(ids, letter.Key)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// missed notes a source that could not be asked, and why.
func (l *List) missed(source string, err error) {
	if err != nil {
		l.NotAsked[source], _, _ = strings.Cut(err.Error(), "\n")
	}
}
