package stage

import (
	"context"
	"fmt"
	"slices"

	"github.com/amends/amends/event"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga/sagatest/schedule"
)

// letter is an event that waits at its group.
type letter struct {
	delivery

	dead  bool // until an operator redrives it
	stuck bool // others know that it is
}

// lane has the letters of one key of one group, in order.
type lane struct {
	group, key string
	letters    []letter
}

func (e *engine) lane(d delivery) *lane {
	for _, l := range e.lanes {
		if l.group == d.listener.Group && l.key == d.e.Key {
			return l
		}
	}
	l := &lane{group: d.listener.Group, key: d.e.Key}
	e.lanes = append(e.lanes, l)
	return l
}

// keep keeps a letter, which is the first that its group tries again if it has overtaken
// others.
func (l *lane) keep(one letter) { l.letters = append([]letter{one}, l.letters...) }

// Times during a run, in attempts and reminders.
const (
	failsFor   = 3 // attempts: this one and the next two
	awayFor    = 8 // reminders: beyond a deadline of several
	patience   = 8 // reminders until an operator helps a saga that does not end
	soon       = 3 // reminders until one that was helped, or whose outage has passed, ends
	tries      = 4 // rounds of letters in vain until time passes: more than failsFor
	afterwards = 2 // reminders of a saga that has ended
)

// retry tries the first letter of each lane, and those behind one that succeeds. It
// reports whether any has got on.
func (e *engine) retry(ctx context.Context) (progress bool, err error) {
	for _, lane := range slices.Clone(e.lanes) {
		for len(lane.letters) > 0 && !lane.letters[0].dead {
			l := lane.letters[0]
			lane.letters = lane.letters[1:]
			result, err := e.retryOne(ctx, &l)
			if err != nil {
				return false, err
			}
			progress = progress || result != failed
			if result == handled && l.stuck {
				if _, err := e.report(ctx, &l, event.Recovered, ""); err != nil {
					return false, err
				}
			}
			if result != handled {
				lane.keep(l)
				break
			}
		}
	}
	return progress, nil
}

// retryOne attempts a letter.
func (e *engine) retryOne(ctx context.Context, l *letter) (result, error) {
	reaction := l.reaction()
	kinds := e.kinds.beside(reaction)
	if !e.fails(reaction) {
		kinds = slices.Concat(kinds, attempted)
	}
	return e.attempt(ctx, l, e.next(reaction, kinds...))
}

// report has the group tell how a letter stands, if its subject reports.
func (e *engine) report(ctx context.Context, l *letter, state event.TroubleState, kind fault.Kind) (told bool, err error) {
	r, ok := e.subject.(Reporter)
	if !ok {
		return false, nil
	}
	l.stuck = state == event.Stuck
	told, err = r.Report(ctx, l.listener.Group, l.e, event.Trouble{State: state, Kind: kind, Code: fault.Internal, Since: l.e.Time})
	if err != nil {
		return false, fmt.Errorf("report %s: %w", l.reaction(), err)
	}
	return told, e.publish(ctx)
}

// park makes a letter a dead one, or handles it by telling others.
func (e *engine) park(ctx context.Context, l *letter) (result, error) {
	told, err := e.report(ctx, l, event.Broken, fault.Bug)
	if told || err != nil {
		return handled, err
	}
	l.dead = true
	_, err = e.report(ctx, l, event.Stuck, fault.Bug)
	return failed, err
}

// flag reports the letters that have failed for long.
func (e *engine) flag(ctx context.Context) error {
	for _, lane := range slices.Clone(e.lanes) {
		if len(lane.letters) > 0 && !lane.letters[0].stuck {
			if _, err := e.report(ctx, &lane.letters[0], event.Stuck, fault.Transient); err != nil {
				return err
			}
		}
	}
	return nil
}

// waiting reports whether a letter may succeed before time passes.
func (e *engine) waiting() bool {
	return slices.ContainsFunc(e.lanes, func(l *lane) bool {
		return len(l.letters) > 0 && !l.letters[0].dead && e.away[l.letters[0].reaction()] <= e.reminders
	})
}

// redrive has an operator redrive the newest dead letter, and returns its reaction; empty:
// there is none.
func (e *engine) redrive() string {
	newest, at := (*letter)(nil), -1
	for _, lane := range e.lanes {
		for i := range lane.letters {
			if l := &lane.letters[i]; l.dead && e.parkedAt(l.reaction()) > at {
				newest, at = l, e.parkedAt(l.reaction())
			}
		}
	}
	if newest == nil {
		return ""
	}
	newest.dead = false
	return newest.reaction()
}

// parkedAt returns which of the faults that hit has parked the last letter of a reaction.
func (e *engine) parkedAt(reaction string) (at int) {
	for i, f := range e.hit {
		if f.Kind == schedule.Parked && schedule.Name(f.Call) == reaction {
			at = i
		}
	}
	return at
}
