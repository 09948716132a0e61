package stage

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// toTheEnd runs the saga, and judges its end.
func (e *engine) toTheEnd(ctx context.Context) error {
	if err := e.subject.Begin(ctx); err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	for ended := false; !ended; {
		if err := e.settle(ctx); err != nil {
			return err
		}
		var err error
		if ended, err = e.subject.Ended(ctx); err != nil {
			return fmt.Errorf("ended: %w", err)
		}
		if !ended {
			if err := e.wait(ctx); err != nil {
				return err
			}
		}
	}
	if err := e.farewell(ctx); err != nil {
		return err
	}
	return e.subject.Check(ctx, End{Faults: e.hit, Calls: trace(e.calls), Helped: e.helped})
}

// settle delivers events until none is under way, and letters until none of them succeeds.
func (e *engine) settle(ctx context.Context) error {
	for inVain := 0; inVain < tries; {
		if err := e.drain(ctx); err != nil {
			return err
		}
		if late := e.overtaken(); len(late) > 0 {
			e.queue = late
			continue
		}
		progress, err := e.retry(ctx)
		if err != nil {
			return err
		}
		switch {
		case progress, len(e.queue) > 0:
			inVain = 0
		case !e.waiting():
			return nil
		default:
			inVain++
		}
	}
	return nil
}

// drain delivers events until none is under way.
func (e *engine) drain(ctx context.Context) error {
	for {
		if err := e.publish(ctx); err != nil {
			return err
		}
		switch {
		case len(e.queue) == 0:
			return nil
		case len(e.calls) > maxCalls:
			return errNeverEnds
		}
		if err := e.deliver(ctx); err != nil {
			return err
		}
	}
}

// overtaken returns the events that come when nothing is under way.
func (e *engine) overtaken() []delivery {
	late := e.idle
	e.idle = nil
	clear(e.down)
	for _, l := range e.registry.listeners {
		late = append(late, e.behind[l.Group]...)
		delete(e.behind, l.Group)
	}
	return late
}

// wait lets time pass, or has an operator help.
func (e *engine) wait(ctx context.Context) error {
	if e.reminders >= e.until {
		reaction := e.redrive()
		if reaction == "" {
			return errNeverEnds
		}
		e.helped = append(e.helped, reaction)
		e.until = e.reminders + soon
	}
	return e.remind(ctx)
}

func (e *engine) remind(ctx context.Context) error {
	e.reminders++
	if err := e.flag(ctx); err != nil {
		return err
	}
	if err := e.subject.Remind(ctx); err != nil {
		return fmt.Errorf("remind: %w", err)
	}
	return nil
}

// errWaits is the failure of a saga that has ended, and of which an event is never handled.
var errWaits = errors.New("an event waits for ever")

// farewell lets late events arrive after the end, and time pass.
func (e *engine) farewell(ctx context.Context) error {
	for _, z := range e.zombies {
		z.effect()
	}
	e.zombies = nil
	for passed := 0; passed < afterwards || passed < 2*awayFor && e.left(); passed++ {
		e.queue = append(append(e.queue, e.urgent...), e.last...)
		e.urgent, e.last = nil, nil
		for e.redrive() != "" {
			continue
		}
		if err := e.remind(ctx); err != nil {
			return err
		}
		if err := e.settle(ctx); err != nil {
			return err
		}
	}
	for _, lane := range e.lanes {
		if len(lane.letters) > 0 {
			return fmt.Errorf("%w: %s", errWaits, lane.letters[0].reaction())
		}
	}
	return nil
}

// left reports whether an event is still to come.
func (e *engine) left() bool {
	return len(e.urgent)+len(e.last) > 0 || slices.ContainsFunc(e.lanes, func(l *lane) bool { return len(l.letters) > 0 })
}
