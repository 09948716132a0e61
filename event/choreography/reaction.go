package choreography

import (
	"cmp"
	"context"

	"github.com/amends/amends/event"
	"github.com/amends/amends/fault"
)

// MaxHops is the most events that may lead to one, one after the other, before reactions
// refuse it.
const MaxHops = 16

// TooManyHops is the code of an event that more than [MaxHops] others led to.
const TooManyHops fault.Code = "TOO_MANY_HOPS"

// Reaction is the act of a group that hears a fact.
type Reaction[Data any] struct {
	// Group is the name of the listening service.
	Group string
	// On is the fact that it hears, once for each group.
	On event.Fact[Data]
	// Calls is the method of the service, "service.method": that of a step has its name.
	Calls string
	// If says under which condition it calls it, in words; empty: always.
	If string
	// Tells are the facts that may follow, empty for none.
	Tells []event.Declaration
	// Step is the step of the saga that the call takes, undoes or settles; empty: Calls.
	Step string
	// Owes names, in a few words, the effect of the step that may stand while the reaction
	// is stuck, for operators; empty: none.
	Owes string
	// Abortable means that the saga can still be aborted: a bug of the call tells that the
	// group has failed, and no later event waits behind it. Any other bug is parked.
	Abortable bool
}

// Link is a [Reaction] without the type of its data.
type Link struct {
	Group, Calls, If, Step, Owes string
	Abortable                    bool
	On                           event.Declaration
	Tells                        []event.Declaration
}

// Link returns the reaction as a link of a [Graph].
func (r Reaction[Data]) Link() Link {
	return Link{
		Group: r.Group, Calls: r.Calls, If: r.If, Step: cmp.Or(r.Step, r.Calls), Owes: r.Owes, Abortable: r.Abortable,
		On: r.On.Declaration, Tells: r.Tells,
	}
}

// Listening collects the code of one group's reactions.
type Listening struct {
	group, style string
	facts        []event.Declaration
	react        map[string]func(ctx context.Context, e event.Event) error
	reports      map[string]bool // the facts that are reports
}

// Listen returns a group without reactions, to sagas of the style.
func Listen(group, style string) *Listening {
	return &Listening{group: group, style: style, react: map[string]func(context.Context, event.Event) error{}, reports: map[string]bool{}}
}

// React binds do to the reaction r of l's group: it is called with the id of the saga and
// the data of the event. Its error decides as that of [event.Listener.Handle]. React
// panics for a reaction of another group, and for a fact that is bound already: both are
// bugs of the program that no input causes.
func React[Data any](l *Listening, r Reaction[Data], do func(ctx context.Context, saga string, data Data) error) {
	if r.Group != l.group || l.react[r.On.Type()] != nil {
		panic("choreography: " + l.group + " cannot bind a reaction of " + r.Group + " to " + r.On.Type())
	}
	l.facts = append(l.facts, r.On.Declaration)
	l.reports[r.On.Type()] = isReport[Data]()
	l.react[r.On.Type()] = func(ctx context.Context, e event.Event) error {
		data, err := r.On.Read(e)
		if err != nil {
			return err //nolint:wrapcheck // a fault that names the event
		}
		return do(ctx, e.Correlation, data)
	}
}

// Listener returns the listener of the group. Its handler does nothing for an event of a
// saga of another style; it refuses as a bug an event of a fact that is not bound, one
// without a saga, and one with more than [MaxHops] (TOO_MANY_HOPS).
func (l *Listening) Listener() event.Listener {
	return event.Listener{Group: l.group, Facts: l.facts, Style: l.style, Handle: l.handle}
}

func (l *Listening) handle(ctx context.Context, e event.Event) error {
	do := l.react[e.Type]
	switch {
	case e.Style != l.style:
		return nil
	case do == nil || e.Correlation == "":
		return fault.Errorf(fault.Bug, fault.Invalid, "event %s: %s has no reaction to %s of the saga %q", e.ID, l.group, e.Type, e.Correlation)
	case e.Hops > MaxHops && !l.reports[e.Type]: // reports lead to no event
		return fault.Errorf(fault.Bug, TooManyHops, "event %s: %d events led to it, so its saga goes round in a circle", e.ID, e.Hops)
	}
	return do(ctx, e)
}
