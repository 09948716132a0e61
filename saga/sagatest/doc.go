// Package sagatest tests a saga by exhaustive fault injection: it runs the saga under
// every combination of up to N faults and checks the subject's invariants after each
// run.
//
// # Method
//
// A [Subject] is the real workflow with the real activities and services, on
// databases that can be reset quickly. An [Explorer] runs it without a fault and
// notes every call; then once for each call and each [Kind] of fault at it; then
// with two faults, and so on, always from calls that a run really made. The subject
// judges each run at its end.
//
// The steps of an express saga (see saga.Options) are tried by the workflow's own worker.
// Such a try is one attempt, and it may outlive its cancel: then it takes effect after
// the undo. A worker that dies in mid-task loses the results of its tries, and a task that
// times out runs again elsewhere beside the first. Crash and CrashLate at each call are
// that, with one difference: the new run begins at the first task instead of the last. As
// every step up to there gives its answer again, the saga comes to the same point.
//
// A run depends on its [Schedule] alone (see package stage), so a failure is
// printed as one line, and [Explorer.Replay] runs it again.
//
// A [Report] counts cells: a kind of fault at the calls of one name, those of the
// workflow's worker apart. An exploration that left one out is not valid, and a sample is
// drawn so that it has them all.
//
// It also counts the rows of the barrier's table of calls (see package barrier) that its
// runs came by: a settle that found an intent, an undo that found nothing, and so on. A
// settle finds an intent only after a lost reply, a crash and a cancel. So the explorer
// ends with schedules that it steers to the rows that it rarely came by: it begins with
// those that left such a record behind, and adds up to two faults while it stands. An
// exploration that never came by one of the rows is not valid: [Report.Valid].
//
// A schedule that must lead to the same run as another one is not tried. If the
// subject is a [Fingerprinter], a run ends where workflow and services come to the
// same state (the same world) as in another run, because their futures are the same.
// Both reductions are exact, and their numbers are reported; reduce.go and search/worlds.go
// have the arguments. [Explorer.Unreduced] does without them.
//
// # Limits
//
// [Explorer.Dense] is not exact: an outage of twelve minutes has some seventy
// retries that differ only in time, and two faults among them give thousands of
// schedules. Dense bounds the number of faults of a schedule that has one in the
// middle of an outage; the number left out is reported too, and may be sampled.
//
// An exploration cannot show concurrent transactions of one key (they are one after
// the other here), nor differences between the test environment and a real server:
// Update-With-Start, history limits, a reset in the middle of a history. Crash and
// Again start the workflow from its beginning on the same subject, as a reset to
// the first workflow task does. Tests against a real server cover the rest.
package sagatest
