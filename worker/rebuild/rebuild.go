// Package rebuild makes the read model anew from the facts that the rows of services imply,
// while it answers: also of services whose rows are older than their events.
package rebuild

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/amends/amends/event"
	"github.com/amends/amends/event/implied"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/background"
	"github.com/amends/amends/reactions"
	"github.com/amends/amends/services/query"
	"github.com/amends/amends/services/query/store/generations"
)

const (
	// page is how many keys an owner is asked for at once, and how many changes one
	// transaction has: facts wait for it as they come.
	page = 200
	// answer bounds the time of one answer.
	answer = 30 * time.Second
	// attempts bounds how often an owner is asked for a page, and how often a page is loaded,
	// before a failure that may pass ends a rebuild.
	attempts = 6
	// comparisons are how often a verification compares, with a pause between two.
	comparisons, between = 6, 500 * time.Millisecond
)

// Rebuild makes one read model anew.
type Rebuild struct {
	*generations.Generations

	owners map[string]implied.Source
}

// New returns a rebuild from owners, by their names.
func New(g *generations.Generations, owners map[string]implied.Source) *Rebuild {
	return &Rebuild{g, owners}
}

// Fill makes the first generation, and does nothing if there is one that answers. A repeat
// goes on with one that is loaded.
func (r *Rebuild) Fill(ctx context.Context) error {
	filled, err := r.Filled(ctx)
	if err != nil || filled {
		return err //nolint:wrapcheck // it names the operation
	}
	_, err = r.Run(ctx)
	return err
}

// Run makes the next generation and switches to it. It returns its number.
func (r *Rebuild) Run(ctx context.Context) (generation int64, err error) {
	if generation, err = r.Begin(ctx); err != nil {
		return 0, err //nolint:wrapcheck // a fault
	}
	if err := r.LoadAll(ctx, generation); err != nil {
		return 0, err
	}
	return generation, r.Switch(ctx, generation) //nolint:wrapcheck // a fault
}

// Verify returns what differs between the generation that answers and the one that a
// rebuild would make, in words. It leaves nothing behind but the work of another rebuild.
// Facts come meanwhile, and reach the two at other times, so that alone counts which differs
// in each of some comparisons.
func (r *Rebuild) Verify(ctx context.Context) (differ []string, err error) {
	states, err := r.States(ctx)
	if err != nil {
		return nil, err //nolint:wrapcheck // it names the operation
	}
	generation, err := r.Begin(ctx)
	if err != nil {
		return nil, err //nolint:wrapcheck // a fault
	}
	if states["loading"] == 0 {
		defer func() { err = errors.Join(err, r.Abandon(context.WithoutCancel(ctx), generation)) }()
	}
	if err := r.LoadAll(ctx, generation); err != nil {
		return nil, err
	}
	for n := range comparisons {
		now, err := r.Compare(ctx, states["current"], generation)
		if err != nil {
			return nil, err //nolint:wrapcheck // it names the operation
		}
		if n == 0 {
			differ = now
		}
		differ = slices.DeleteFunc(differ, func(d string) bool { return !slices.Contains(now, d) })
		if len(differ) == 0 || !background.Pause(ctx, between) {
			break
		}
	}
	return differ, ctx.Err()
}

// LoadAll loads the facts of all owners into a generation that is being loaded.
func (r *Rebuild) LoadAll(ctx context.Context, generation int64) error {
	for _, owner := range slices.Sorted(maps.Keys(r.owners)) {
		for after, more := "", true; more; {
			facts, next, err := ask(ctx, r.owners, owner, implied.Page{After: after, Limit: page})
			if err != nil {
				return err
			}
			if facts, err = r.withSteps(ctx, facts); err != nil {
				return err
			}
			if err := r.load(ctx, generation, facts); err != nil {
				return err
			}
			after, more = next, next != ""
		}
	}
	return nil
}

func ask(ctx context.Context, owners map[string]implied.Source, owner string, p implied.Page) (facts []event.Event, next string, err error) {
	err = again(ctx, func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, answer)
		defer cancel()
		facts, next, err = owners[owner](ctx, p)
		return err
	})
	if err != nil {
		return nil, "", fmt.Errorf("ask %s for its facts: %w", owner, err)
	}
	return facts, next, nil
}

// again calls attempt until it succeeds, at most attempts times: a rebuild of a large shop
// takes minutes, in which some row is locked for too long and some owner restarts.
func again(ctx context.Context, attempt func(ctx context.Context) error) error {
	n := 0
	final := func(err error) bool { return n == attempts || fault.KindOf(err) != fault.Transient }
	return background.Retry{Final: final}.Do(ctx, func(ctx context.Context) error { //nolint:wrapcheck // the attempt's own
		n++
		return attempt(ctx)
	})
}

// withSteps adds the facts about the steps of the orders in facts, and puts all into the
// order in which they happened: an order begins with its placement and ends with its
// decision, whatever the clocks of services say.
func (r *Rebuild) withSteps(ctx context.Context, facts []event.Event) ([]event.Event, error) {
	var orders []string
	for _, e := range facts {
		if reactions.OfOrder(e) {
			orders = append(orders, e.Key)
		}
	}
	orders = slices.Compact(slices.Sorted(slices.Values(orders)))
	if len(orders) == 0 {
		return facts, nil
	}
	for _, owner := range slices.Sorted(maps.Keys(r.owners)) {
		steps, _, err := ask(ctx, r.owners, owner, implied.Page{Sagas: orders})
		if err != nil {
			return nil, err
		}
		facts = append(facts, steps...)
	}
	slices.SortStableFunc(facts, func(a, b event.Event) int {
		return cmp.Or(cmp.Compare(reactions.Rank(a), reactions.Rank(b)), a.Time.Compare(b.Time))
	})
	return facts, nil
}

func (r *Rebuild) load(ctx context.Context, generation int64, facts []event.Event) error {
	changes := make([]query.Change, len(facts))
	for i, e := range facts {
		var err error
		if changes[i], err = reactions.Query(e); err != nil {
			return err //nolint:wrapcheck // a fault that names the event
		}
	}
	for some := range slices.Chunk(changes, page) {
		if err := again(ctx, func(ctx context.Context) error { return r.Load(ctx, generation, some) }); err != nil {
			return fmt.Errorf("load generation %d: %w", generation, err)
		}
	}
	return nil
}
