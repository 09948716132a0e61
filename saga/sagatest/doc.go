// Package sagatest tries every schedule of faults on a saga and checks its
// promises after each.
//
// # How
//
// A [Subject] is the real workflow with the real activities and services, on
// databases that can be reset quickly. An [Explorer] runs it without a fault and
// notes every call that was made; then once for each call and each [Kind] of
// fault at it; then with two faults, and so on, always from calls that a run
// really made. After each run the subject judges itself.
//
// The workflow runs in Temporal's test environment, but every attempt of every
// activity is made in the workflow's own thread, one after the other, by an
// engine of this package that stands in for Temporal's matching and retries. A
// run has no races, so a [Schedule] is all that it takes to see a failure again:
// it is printed as one line, and [Explorer.Replay] runs it.
//
// # What it cannot show
//
// Concurrent transactions of one key (they are one after the other here), and
// where the test environment differs from a real server: Update-With-Start,
// history limits, a reset in the middle of a history. Crash and Again start the
// workflow from its beginning in the same world, which is what a reset to the
// first workflow task does. Tests against a real server cover the rest.
package sagatest
