// Package waiting keeps the events that a group of listeners could not handle at once,
// in the listener's own database, together with the decisions of operators about them.
//
// # Tables
//
// A [Letter] is such an event. It waits (it is tried again), or it is parked (a dead
// letter, after a bug), until it is handled or discarded; a settled letter is kept for
// a while, so that the broker's copy of it is known. Letters of one key are handled one
// after the other: urgent ones first, then in the order in which they came. Only the
// first letter of a key, its head, has a time for the next attempt; the others have
// none, so that the search for due letters does not read those behind a parked one.
//
// Each group has a row in the table listener. It is the lease of the process that
// handles the group's events (package lease), and the lock of its letters: every change of a
// letter begins with [lease.Lock]. Two changes never overlap, and a process that has lost
// the lease changes nothing.
//
// The table inbox has the ids of the events whose effect is in this database already
// ([Once]). A [Redrive] is an operator's decision, kept for ever with all its items.
package waiting
