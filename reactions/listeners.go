package reactions

import "github.com/amends/amends/event"

// Listeners returns the groups that a choreographed order needs, by name, with the facts
// that each follows, and without handlers: for those who watch whether they listen.
func Listeners() []event.Listener { return Choreography().Listeners(style) }
