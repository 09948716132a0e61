// Package sagatest tries every schedule of faults on a saga and checks its
// promises after each.
//
// # How
//
// A [Subject] is the real workflow with the real activities and services, on
// databases that can be reset quickly. An [Explorer] runs it without a fault and
// notes every call that was made; then once for each call and each [Kind] of
// fault at it; then with two faults, and so on, always from calls that a run
// really made. The subject judges each run that goes to its end; one that comes to a
// known world (see below) ends there, and is counted apart.
//
// The workflow runs in Temporal's test environment, but every attempt of every
// activity is made in the workflow's own thread, one after the other, by an
// engine of this package that stands in for Temporal's matching and retries. A
// run has no races, so a [Schedule] is all that it takes to see a failure again:
// it is printed as one line, and [Explorer.Replay] runs it.
//
// # What it leaves out
//
// A run depends on its schedule alone, and on a fault only from the call on at
// which it hits. So these schedules lead to the same run as another one that is
// tried, and are not tried themselves (see [Explorer.Unreduced]):
//
//   - One in which not every fault hits: it is the schedule of those that do.
//   - One that also grows by the same faults in another order. A schedule grows
//     only at calls after the last fault that hit. Up to there the longer one's
//     run is the same, so all its faults hit (a run in which they do not is
//     reported: the saga is not deterministic); and every schedule whose faults
//     all hit is reached, by adding them in the order in which they do.
//   - One with a fault that changes nothing where it is. A call that fails before
//     its effect in any case, because of [Fails] or [Away], does so with [Before],
//     [Lost] or [CrashAfter] too, and with [RefuseLost] as with [Refuse]. So it
//     does with Fails, if the next two calls of the name fail in any case or are
//     never made. [Deadline] waits for nothing when decide-by has passed.
//
// # Equal worlds
//
// Two schedules may come to the same world, for example by a reply that was lost
// and by a call that took effect late. From there on they have the same future,
// whatever faults are still to come. So of those that do, only the first grows
// there, which has no more faults than the others; and a run that shall not grow
// ends there. The subject must be a [Fingerprinter]. The world before a call, once
// every fault of the schedule has hit, is:
//
//   - The call, and the time. What was called before is not, nor which faults hit:
//     nobody goes by them.
//   - What this run of the workflow was given, with the times and in that order:
//     its beginning, results, failures, the cancel. It is deterministic, so that is
//     its state. A crash forgets it.
//   - The activities that are under way, where each of them is, and the timers that
//     have not fired, in the order in which they were set.
//   - What is still to come of faults that hit: calls that fail, outages, and calls
//     that take effect late. One of the outside, of which the engine knows nothing
//     but its name, is the same as another only if the same faults led to it.
//   - What the subject says.
//
// In it generated ids count by the order in which they appear, and the machine's
// times do not. If it is in doubt what the workflow has seen, the world is like no
// other: at an instant at which one of its timers fires, and in the rest of a run
// that was also given something else at that instant, as only the times say which
// came first. A schedule counts as the first only up to a world at which it is not, so
// there is one for every future. Schedules of one fault run to their ends in any
// case, so that a fault of every kind is in a run that is judged. What tests compare is how sagas end: each result,
// with its times and all books, must be that of a run without this.
//
// All that is exact, and the number is reported. [Explorer.Dense] is not: an outage
// of twelve minutes has some seventy retries that differ only in time, and two
// faults among them give thousands of schedules. It bounds how many faults a
// schedule may have for one of them to be in the middle of an outage; what that
// leaves out is reported too, and may be sampled.
//
// # What it cannot show
//
// Concurrent transactions of one key (they are one after the other here), and
// where the test environment differs from a real server: Update-With-Start,
// history limits, a reset in the middle of a history. Crash and Again start the
// workflow from its beginning in the same world, which is what a reset to the
// first workflow task does. Tests against a real server cover the rest.
package sagatest
