// Package explore tests a choreographed saga by exhaustive fault injection: it runs the
// saga under every combination of up to N faults and checks the subject's invariants after
// each run. It is for choreographies what package sagatest is for workflows, with the same
// search and the same reports.
//
// # Method
//
// A [Subject] is the real listeners with the real services and outboxes, on databases that
// can be reset quickly. An [Explorer] runs it without a fault and notes every call: each
// delivery of an event to a group, each publication of a fact, each commit of a reaction and
// each call to an external system. Then it runs it once for each call and each kind of fault
// at it, then with two faults, and so on, always from calls that a run really made. Package
// stage has the kinds.
//
// The subject judges each run at its end: whether the saga has ended as it must, whether
// nothing is left, whether an operator had to help. It may judge earlier, too, for example
// when the end is told (see [Subject]). A reaction that fails as a bug, an event that waits
// for ever, and a saga that does not end are failures by themselves.
//
// A run depends on its [Schedule] alone, so a failure is printed as one line, and
// [Explorer.Replay] runs it again. A subject must read the time from its own clock, and no
// deadline in real time may decide.
//
// # Cells
//
// A [Report] counts cells: a kind of fault at the calls of one name. An exploration of two
// faults or more is valid if each reaction of each listener was hit by every kind of fault,
// see [Report.Valid]. It names the cells that it missed. A reaction to a fact that only a
// refusal or a cancel leads to is hit with two faults first.
//
// # Limits
//
// One saga runs, so nothing competes with it for stock or money. Reactions run one after the
// other: two transactions of one key at a time are the business of the tests of a barrier.
// Groups hear in one order of many; the late kinds are the others. Relays, brokers and
// inboxes are those of the stage: the suites of eventtest and the tests of package inbox
// show that the real ones keep what the stage assumes.
package explore
