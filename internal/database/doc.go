// Package database opens, migrates and checks a service's database, PostgreSQL or
// SQLite, runs transactions in it and maps driver errors to faults.
//
// # Two engines
//
// The DSN decides: "postgres://…" or "sqlite:path". Both engines take the same
// portable SQL, and both compare text byte by byte if the PostgreSQL database has
// the collation C, as [Provision] creates it; so a store is written once. This
// package hides the differences: SQLite has no row locks (it has a single writer)
// and gets its settings from the DSN that [Open] builds.
//
// SQLite runs under a small GORM dialector of our own. It is pure Go; of the
// existing ones, one compiles C and translates no errors, one ignores the immediate
// transactions that keep concurrent writers from failing, and one lost an in-memory
// database when a context was cancelled.
//
// # Round trips
//
// On PostgreSQL, BEGIN travels with the first statement of a transaction, and a
// queued write ([Queue]) with the next statement or with COMMIT, see package
// pipeline. The server refuses to commit unless each queued write affected its
// number of rows. A single statement needs no transaction: [Retry].
//
// # Times
//
// Times are UTC with microseconds, the precision of PostgreSQL, so a time compares
// equal after it was written and read.
package database
