package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/services/query"
	"github.com/amends/amends/services/query/store/list"
	"github.com/amends/amends/services/query/store/rows"
)

// Timeline implements [query.Service].
func (s *Store) Timeline(ctx context.Context, id string) ([]query.Entry, error) {
	h, err := s.head(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := s.version(ctx, h.Generation, id); err != nil {
		return nil, err
	}
	return s.entries(ctx, h.Generation, id, 0)
}

// entries returns the entries of an order behind a number.
func (s *Store) entries(ctx context.Context, generation int64, id string, after int64) ([]query.Entry, error) {
	var found []rows.Entry
	err := s.db.WithContext(ctx).Where("generation = ? AND order_id = ? AND number > ?", generation, list.Text(id), after).Order("number").Find(&found).Error
	if err != nil {
		return nil, database.Fault(fmt.Errorf("read a timeline: %w", err))
	}
	all := make([]query.Entry, len(found))
	for i, r := range found {
		all[i] = query.Entry{
			Position: query.Position{Generation: r.Generation, Number: r.Number}, Fact: r.Fact, At: r.At.UTC(), Ends: r.Ends,
		}
		if err := json.Unmarshal([]byte(r.Data), &all[i].Step); err != nil {
			return nil, fault.Errorf(fault.Bug, fault.Internal, "entry %s of order %s cannot be read: %w", all[i].Position, id, err)
		}
		all[i].Step.StartedAt, all[i].Step.EndedAt = all[i].At, all[i].At
	}
	return all, nil
}

// version returns the version of an order, or fails with NOT_FOUND.
func (s *Store) version(ctx context.Context, generation int64, id string) (int64, error) {
	var found []int64
	err := s.db.WithContext(ctx).Raw("SELECT version FROM orders WHERE generation = ? AND id = ?", generation, list.Text(id)).Scan(&found).Error
	switch {
	case err != nil:
		return 0, database.Fault(fmt.Errorf("read the version of an order: %w", err))
	case len(found) == 0:
		return 0, notFound()
	}
	return found[0], nil
}

// lastFacts is how long a stream of a decided order waits for facts about its steps: services
// are heard in any order, and one of them may be away.
const lastFacts = 3 * time.Second

// Follow implements [query.Service].
func (s *Store) Follow(ctx context.Context, id string, after query.Position, send func(query.Entry) error) error {
	woken, off := s.watch.On(list.Text(id)) //nolint:contextcheck // the looks are for all watchers
	defer off()
	late := time.NewTimer(0)
	late.Stop()
	defer late.Stop()
	for ended := false; ; {
		h, err := s.head(ctx)
		if err != nil {
			return err
		}
		if after.Generation != h.Generation {
			after = query.Position{Generation: h.Generation}
		}
		whole, decided, err := s.whole(ctx, h.Generation, id)
		if err != nil {
			return err
		}
		for _, e := range whole {
			if e.Position.Number <= after.Number {
				continue
			}
			if err := send(e); err != nil {
				return err
			}
			after = e.Position
		}
		if decided == complete {
			return nil
		}
		if decided == partly && !ended {
			ended = true
			late.Reset(lastFacts)
		}
		select {
		case <-woken:
		case <-late.C:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// extent is how much of an order its timeline has.
type extent int

// The extents.
const (
	open     extent = iota // no end
	partly                 // its end, but not all of its steps
	complete               // its end and all of its steps
)

// whole returns the entries of an order, and how much of it they are.
func (s *Store) whole(ctx context.Context, generation int64, id string) ([]query.Entry, extent, error) {
	row, err := s.row(ctx, generation, id)
	if err != nil {
		return nil, open, err
	}
	f, err := view(row, rows.Head{})
	if err != nil {
		return nil, open, err
	}
	entries, err := s.entries(ctx, generation, id, 0)
	switch {
	case err != nil:
		return nil, open, err
	case !slices.ContainsFunc(entries, func(e query.Entry) bool { return e.Ends }):
		return entries, open, nil
	}
	for _, step := range f.Order.Steps {
		told := func(e query.Entry) bool { return e.Step.Name == step.Name && e.Step.State == step.State }
		if toldOf[step.State] && !strings.HasPrefix(step.Name, "order.") && !slices.ContainsFunc(entries, told) {
			return entries, partly, nil
		}
	}
	return entries, complete, nil
}

// toldOf has the states of steps that facts tell of.
var toldOf = map[string]bool{"done": true, "refused": true, "undone": true}

// WaitFor implements [query.Service].
func (s *Store) WaitFor(ctx context.Context, id string, version int64, patience time.Duration) (bool, error) {
	if patience < 0 || patience > query.MaxPatience {
		return false, invalid("a wait takes 0 to %s", query.MaxPatience)
	}
	woken, off := s.watch.On(list.Text(id)) //nolint:contextcheck // the looks are for all watchers
	defer off()
	late := time.NewTimer(patience)
	defer late.Stop()
	for {
		h, err := s.head(ctx)
		if err != nil {
			return false, err
		}
		have, err := s.version(ctx, h.Generation, id)
		switch {
		case err != nil && fault.CodeOf(err) != fault.NotFound:
			return false, err
		case err == nil && have >= version:
			return true, nil
		}
		select {
		case <-woken:
		case <-late.C:
			return false, nil
		case <-ctx.Done():
			return false, ctx.Err()
		}
	}
}
