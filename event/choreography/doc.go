// Package choreography describes a saga that no program orders: each service hears a
// fact, calls a method of its own, and tells the next fact.
//
// # Overview
//
// A [Reaction] says, as data, which method a group calls when it hears a fact, and which
// facts may follow. The reactions of all groups are a [Graph], which can be checked
// before any of them runs: every fact that is told is heard, every fact that is heard is
// told, and every fact leads to an end. [React] binds a reaction to code, and
// [Listening.Listener] returns the listener of a group.
//
// # How such a saga stays right
//
//   - The key of a reaction's call is that of the step, whichever event led to it. So the
//     barrier of the service makes a repeat harmless, and stops an attempt that comes
//     after its undo.
//   - A repeat tells its fact again, as another event (see [event.Cause]). So a message
//     that was lost anywhere is made up for by telling an earlier fact again: every
//     service answers from its record, and the saga goes on from where it had stopped.
//   - The events of a saga have its style (see [event.Event.Style]), and a reaction hears
//     those of its own style only: the same services may be driven by a workflow, too.
//   - An event that more than [MaxHops] others led to, one after the other, is a bug: the
//     saga goes round in a circle that the graph does not show.
package choreography
