package stage

import (
	"errors"
	"slices"
	"strings"

	"github.com/amends/amends/event"
	"github.com/amends/amends/saga/sagatest/schedule"
)

// Registry has the listeners of a [Subject]. Calls of theirs that can fail by themselves
// pass through it.
type Registry struct {
	listeners []event.Listener
	engine    *engine // of the run
}

// Listen adds a listener.
func (r *Registry) Listen(l event.Listener) { r.listeners = append(r.listeners, l) }

// ErrDied is the error of a call of a process that has died.
var ErrDied = errors.New("stage: the process has died")

// Died returns [ErrDied] if the process of the reaction that runs has died: then nothing
// that it does has an effect.
func (r *Registry) Died() error {
	if r.engine == nil || !r.engine.died {
		return nil
	}
	return ErrDied
}

// Commit commits a transaction of the reaction that runs, before or after which its
// process may die. Then it calls rollback, or commit, and returns [ErrDied]. Otherwise it
// returns the error of commit.
func (r *Registry) Commit(commit, rollback func() error) error {
	if err := r.Died(); err != nil {
		return errors.Join(err, rollback())
	}
	e := r.engine
	if e == nil || e.running == "" {
		return commit()
	}
	switch e.next(e.running+"/commit", schedule.Crash, schedule.CrashAfter) {
	case schedule.Crash:
		e.died = true
		return errors.Join(ErrDied, rollback())
	case schedule.CrashAfter:
		e.died = true
		return errors.Join(commit(), ErrDied)
	default:
		return commit()
	}
}

// Outside runs a call that a service makes to an external system, such as the payment
// provider, so that it can fail by itself. It returns unreachable if the call must look as
// if it never arrived, unknown if its reply was lost, else the error of effect.
func (r *Registry) Outside(name string, effect func() error, unreachable, unknown error) error {
	if r.Died() != nil {
		return unreachable
	}
	e := r.engine
	if e == nil || e.running == "" {
		return effect()
	}
	kind := e.next(name, schedule.Before, schedule.Lost, schedule.LateAfterRetry, schedule.LateAfterEnd)
	late := func() { _ = effect() } // its caller has gone
	if kind == schedule.LateAfterRetry {
		e.arrive(name) // those of earlier calls
		e.zombies = append(e.zombies, zombie{name, late})
		return unknown
	}
	defer e.arrive(name)
	switch kind {
	case schedule.Before:
		return unreachable
	case schedule.Lost:
		_ = effect() // its answer is lost, an error too
		return unknown
	case schedule.LateAfterEnd:
		e.zombies = append(e.zombies, zombie{"", late})
		return unknown
	default:
		return effect()
	}
}

// hears returns the listeners that hear an event, and whether it is urgent.
func (r *Registry) hears(e event.Event) (all []event.Listener, urgent bool) {
	for _, l := range r.listeners {
		i := slices.IndexFunc(l.Facts, func(f event.Declaration) bool { return f.Type() == e.Type })
		if i >= 0 && (l.Style == "" || l.Style == e.Style) {
			all, urgent = append(all, l), l.Facts[i].Urgent
		}
	}
	return all, urgent
}

// fact returns "catalog.quoted" for the type of an event.
func fact(eventType string) string {
	if parts := strings.Split(eventType, "."); len(parts) == 4 {
		return parts[1] + "." + parts[2]
	}
	return eventType
}
