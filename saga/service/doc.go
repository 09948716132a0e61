// Package service has the common parts of the services of a saga: a database with the
// barrier's ledger, and effects outside of it.
//
// # A database
//
// [Open] opens a database, PostgreSQL or SQLite, and brings it to the newest version: that
// of the barrier's ledger and of the service's own migrations. A service with an effect in
// this database wraps it in [barrier.Do], and its undo in [barrier.Undo] or
// [barrier.Settle].
//
// # An effect outside
//
// An [Outside] is a step whose effect is in an external system, such as a payment provider,
// which no transaction reaches. The service says how to find, make, forbid and take back
// the effect of a key. Outside does the rest: it commits an intent before the call, asks
// before it calls again, and forbids the key before an undo or a settle answers that
// nothing has happened (see package once).
//
// The external system must take the saga's key as its idempotency key, and remember it. One
// that cannot forbid a key must have another bound: [Outside.Forbid] then fails, with a
// fault of kind transient, until so much time has passed that no call can arrive any more.
package service
