// Package sagatest tries every schedule of faults on a saga and checks its
// promises after each.
//
// # Method
//
// A [Subject] is the real workflow with the real activities and services, on
// databases that can be reset quickly. An [Explorer] runs it without a fault and
// notes every call; then once for each call and each [Kind] of fault at it; then
// with two faults, and so on, always from calls that a run really made. The subject
// judges each run at its end. A run that comes to a known world (see below) ends
// there, and is counted apart.
//
// A run depends on its [Schedule] alone (see package stage), so a failure is
// printed as one line, and [Explorer.Replay] runs it again.
//
// # Reduction
//
// A run depends on a fault only from the call at which it hits. So these schedules
// lead to the same run as another one and are not tried themselves (see
// [Explorer.Unreduced]):
//
//   - A schedule with a fault that does not hit: it is the schedule of the others.
//   - A schedule that also grows by the same faults in another order. A schedule
//     grows only at calls after the last fault that hit. Up to there the longer
//     one's run is the same, so all its faults hit (otherwise the saga is not
//     deterministic, and the run is reported); and every schedule whose faults all
//     hit is reached, by adding them in the order in which they do.
//   - A schedule with a fault that changes nothing at its call. A call that fails
//     before its effect anyway, because of Fails or Away, does the same with Before,
//     Lost or CrashAfter, and with RefuseLost the same as with Refuse. Fails changes
//     nothing there if the next two calls of the name fail anyway or are never made.
//     Deadline waits for nothing when decide-by has passed.
//
// # Equal worlds
//
// Two schedules may come to the same world, for example by a lost reply and by a
// call that took effect late. From there on they have the same future, whatever
// faults follow. So only the first of them grows there, which has no more faults
// than the others; and a run that shall not grow ends there. The subject must be a
// [Fingerprinter]. The world before a call, once every fault of the schedule has
// hit, is:
//
//   - The call, and the time. Earlier calls and faults are no part of it: nothing
//     depends on them.
//   - All that this run of the workflow was given, with the times and in that order:
//     its beginning, results, failures, the cancel. The workflow is deterministic, so
//     that is its state. A crash forgets it.
//   - The activities under way, each with its position, and the timers that have not
//     fired, in the order in which they were set.
//   - The future part of faults that hit: calls that fail, outages, and calls that
//     take effect late. A late call to an external system is known to the engine by
//     name only, so two are the same only if the same faults led to them.
//   - The subject's fingerprint.
//
// Generated ids count by the order in which they appear in it, and times of the
// machine's clock do not count. A world is like no other if it is in doubt in which
// order the workflow was given two things: at an instant at which one of its timers
// fires, and in the rest of a run that was given something else at that instant. A
// schedule counts as the first only up to a world at which it is not, so every
// future has one. Schedules of one fault always run to their ends, so that a fault
// of every kind is in a judged run. Tests compare the ends of sagas: each result,
// with its times and all ledgers, must be that of an exploration without this.
//
// The reduction and the comparison are exact, and their numbers are reported.
// [Explorer.Dense] is not exact: an outage of twelve minutes has some seventy
// retries that differ only in time, and two faults among them give thousands of
// schedules. Dense bounds the number of faults of a schedule that has one in the
// middle of an outage; the number left out is reported too, and may be sampled.
//
// # Limits
//
// An exploration cannot show concurrent transactions of one key (they are one after
// the other here), nor differences between the test environment and a real server:
// Update-With-Start, history limits, a reset in the middle of a history. Crash and
// Again start the workflow from its beginning on the same subject, as a reset to
// the first workflow task does. Tests against a real server cover the rest.
package sagatest
