package stage

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/amends/amends/event"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga/sagatest/schedule"
)

// engine is the relays, the broker and the inboxes during one schedule.
type engine struct {
	subject  Subject
	registry *Registry
	kinds    kinds

	schedule schedule.Schedule
	seen     map[string]int // calls by name
	calls    []Call
	hit      schedule.Schedule
	settled  int // number of calls when the last of them hit

	queue  []delivery            // under way
	down   map[string]bool       // groups whose process has died: their deliveries are idle
	idle   []delivery            // come when nothing is under way
	behind map[string][]delivery // by group: come after its next event
	urgent []delivery            // come after the next urgent event of their group
	last   []delivery            // come after the end
	lanes  []*lane               // of letters

	failing map[string]int // number of further attempts of a reaction that fail
	away    map[string]int // number of reminders until which a reaction fails
	zombies []zombie
	running string // the reaction that runs
	died    bool   // its process has

	reminders int
	until     int // the number of reminders after which an operator helps
	helped    []string
}

// delivery is one event for one group.
type delivery struct {
	listener event.Listener
	e        event.Event
	urgent   bool
}

// reaction names the reaction to the delivery: "payment:catalog.quoted".
func (d delivery) reaction() string { return d.listener.Group + ":" + fact(d.e.Type) }

// zombie is a call to an external system that timed out and will still take effect.
type zombie struct {
	after  string // the call that it follows; empty: the end
	effect func()
}

// arrive lets the zombies that follow a call take effect.
func (e *engine) arrive(after string) {
	e.zombies = slices.DeleteFunc(e.zombies, func(z zombie) bool {
		if z.after == after {
			z.effect()
		}
		return z.after == after
	})
}

// maxCalls is how many calls a saga makes before it counts as one that does not end.
const maxCalls = 2000

// next counts a call at which these kinds of faults can happen, and returns the one that
// does.
func (e *engine) next(name string, kinds ...schedule.Kind) schedule.Kind {
	e.seen[name]++
	call := name + "#" + strconv.Itoa(e.seen[name])
	e.calls = append(e.calls, Call{Call: call, Kinds: kinds})
	kind := e.schedule.At(call)
	if !slices.Contains(kinds, kind) {
		return ""
	}
	e.hit = append(e.hit, schedule.Fault{Call: call, Kind: kind})
	e.settled = len(e.calls)
	return kind
}

// publish puts the events that were told into the queue of each group that hears them.
func (e *engine) publish(ctx context.Context) error {
	told, err := e.subject.Told(ctx)
	if err != nil {
		return fmt.Errorf("told: %w", err)
	}
	for _, one := range told {
		listeners, urgent := e.registry.hears(one)
		if len(listeners) == 0 {
			continue
		}
		times := 1
		switch e.next(fact(one.Type), schedule.Lost, schedule.Twice) {
		case schedule.Lost:
			times = 0
		case schedule.Twice:
			times = 2
		default:
		}
		for range times {
			for _, l := range listeners {
				if d := (delivery{l, one, urgent}); e.down[l.Group] {
					e.idle = append(e.idle, d)
				} else {
					e.queue = append(e.queue, d)
				}
			}
		}
	}
	return nil
}

// deliver delivers the first event of the queue, or fails to.
func (e *engine) deliver(ctx context.Context) error {
	d := e.queue[0]
	e.queue = e.queue[1:]
	group, reaction, lane := d.listener.Group, d.reaction(), e.lane(d)
	waits := len(lane.letters) > 0 && !d.urgent
	kinds := slices.Concat(e.kinds.under(d.listener), e.kinds.beside(reaction))
	if !waits && !e.fails(reaction) {
		kinds = append(kinds, attempted...)
	}
	overtaken := e.behind[group]
	delete(e.behind, group)
	switch kind := e.next(reaction, kinds...); kind {
	case schedule.Lost:
	case schedule.Late:
		e.idle = append(e.idle, d)
	case schedule.LateAfterNext:
		e.behind[group] = append(e.behind[group], d)
	case schedule.LateAfterUrgent:
		e.urgent = append(e.urgent, d)
	case schedule.LateAfterEnd:
		e.last = append(e.last, d)
	default:
		if kind == schedule.Twice {
			e.queue = append(e.queue, d)
		}
		if err := e.hear(ctx, d, kind, waits); err != nil {
			return err
		}
	}
	if d.urgent {
		overtaken = append(overtaken, e.passed(d)...)
	}
	if e.down[group] {
		e.idle = append(e.idle, overtaken...)
	} else {
		e.queue = append(overtaken, e.queue...)
	}
	return nil
}

// passed returns the events that come after the urgent event d.
func (e *engine) passed(d delivery) (all []delivery) {
	e.urgent = slices.DeleteFunc(e.urgent, func(o delivery) bool {
		comes := o.listener.Group == d.listener.Group && o.e.ID != d.e.ID
		if comes {
			all = append(all, o)
		}
		return comes
	})
	return all
}

// hear attempts an event, or has it wait behind a letter.
func (e *engine) hear(ctx context.Context, d delivery, kind schedule.Kind, waits bool) error {
	lane, l := e.lane(d), letter{delivery: d}
	if waits {
		lane.letters = append(lane.letters, l)
		return e.aside(ctx, d, kind)
	}
	result, err := e.attempt(ctx, &l, kind)
	switch result {
	case handled:
	case unacknowledged:
		e.queue = append([]delivery{d}, e.queue...)
	case died:
		e.die(d)
	case failed:
		lane.keep(l)
	}
	return err
}

// result is the end of an attempt.
type result int

const (
	handled        result = iota
	unacknowledged        // handled, and the process has died
	died                  // it has died before or after a commit
	failed
)

// die has the group of d hear nothing more, d again included, until no other group has
// anything to do.
func (e *engine) die(d delivery) {
	e.down[d.listener.Group] = true
	e.idle = append(e.idle, d)
	e.queue = slices.DeleteFunc(e.queue, func(o delivery) bool {
		its := o.listener.Group == d.listener.Group
		if its {
			e.idle = append(e.idle, o)
		}
		return its
	})
}

// attempt has the group react to the event of a letter. The error is a broken promise.
func (e *engine) attempt(ctx context.Context, l *letter, kind schedule.Kind) (result, error) {
	reaction := l.reaction()
	switch kind {
	case schedule.Fails:
		e.failing[reaction] += failsFor - 1
		return failed, nil
	case schedule.Away:
		e.away[reaction] = e.reminders + awayFor
		e.until = max(e.until, e.away[reaction]+soon)
		return failed, nil
	case schedule.Parked:
		return e.park(ctx, l)
	default:
	}
	if err := e.aside(ctx, l.delivery, kind); err != nil {
		return failed, err
	}
	if e.fails(reaction) {
		e.failing[reaction] = max(e.failing[reaction]-1, 0)
		return failed, nil
	}
	e.running = reaction
	err := l.listener.Handle(event.CausedBy(ctx, l.e), l.e)
	dead := e.died
	e.running, e.died = "", false
	if told := e.publish(ctx); told != nil {
		return failed, told
	}
	switch k := fault.KindOf(err); {
	case dead:
		return died, nil
	case kind == schedule.CrashAfter:
		return unacknowledged, nil
	case err == nil, k == fault.Business, k == fault.Suspension:
		return handled, nil
	case k == fault.Bug:
		return failed, fmt.Errorf("%s fails for good: %w", reaction, err)
	}
	return failed, nil
}

// fails reports whether the next attempt of a reaction fails, whatever the schedule has at it.
func (e *engine) fails(reaction string) bool {
	return e.failing[reaction] > 0 || e.away[reaction] > e.reminders
}

// aside lets happen what a fault has happen beside the attempt.
func (e *engine) aside(ctx context.Context, d delivery, kind schedule.Kind) (err error) {
	switch kind {
	case schedule.Cancel:
		err = e.subject.(Canceler).Cancel(ctx) //nolint:errcheck // only such a subject has this kind
	case schedule.Deadline:
		err = e.subject.(Expirer).Expire(ctx) //nolint:errcheck // as above
	case schedule.Disturb:
		err = e.subject.(Disturber).Disturb(ctx) //nolint:errcheck // as above
	case schedule.Refuse:
		err = e.subject.(Refuser).Refuse(ctx, d.reaction()) //nolint:errcheck // as above
	default:
		return nil
	}
	if err != nil {
		return fmt.Errorf("%s at %s: %w", kind, d.reaction(), err)
	}
	return e.publish(ctx)
}
