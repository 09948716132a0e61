// Package stage runs a choreographed saga under one schedule of faults.
//
// A [Stage] holds a [Subject]: the real listeners, services and stores. It stands in for
// the relays, the broker and the inboxes: it takes the events that the services have told,
// hands one after the other to each group that hears them, keeps those that fail as letters
// and later events of their key behind them, and lets urgent ones overtake. Nothing runs
// beside it, so a run depends on its schedule alone.
//
// # Calls
//
// A fault hits a call: the nth of its name. At a delivery ("payment:catalog.quoted"), which
// is also each new attempt of a letter:
//
//	lost               the event is lost for good, for this group
//	twice              it is delivered again, behind all that are under way
//	late               it comes when no other event is under way
//	late-after-next    it comes after the next event of its group
//	late-after-urgent  it comes after the next urgent event of its group, or at the end
//	late-after-end     it comes after the end of the saga
//	crash-after        the process dies before it acknowledges: it is delivered again at once
//	fails              the reaction fails, and so do its next two attempts
//	away               so do all its attempts, until the deadline and many reminders have passed
//	parked             it fails as a bug: a dead letter, until an operator redrives it,
//	                   unless telling others of it handles it (see [Reporter])
//	cancel             a customer cancels the saga before it
//	deadline           the deadline passes before it, and the clock looks
//	refuse             its service refuses the step
//	disturb            something changes that the saga must not depend on
//
// At the publication of a fact ("catalog.quoted"): lost for good, for all groups, and
// twice. At a commit of a reaction ("payment:catalog.quoted/commit", see
// [Registry.Commit]): crash and crash-after, the process dies before or after it, and its group
// hears nothing until no other one has anything to do. At a call
// to an external system (see [Registry.Outside]): before, it fails before its effect; lost,
// its reply is lost; late-after-retry and late-after-end, it times out and takes effect
// after the next call of its name, or after the end.
//
// # Time
//
// Time passes when nothing else is left to do. Then the clock of the choreography looks at
// the saga (see [Subject.Remind]), which makes up for what is lost. A saga that does not
// end after many reminders is broken; before that, an operator redrives dead letters, the
// newest first, and [End.Helped] names them.
package stage
