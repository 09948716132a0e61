// Package database opens, migrates and checks a service's database, PostgreSQL
// or SQLite, runs transactions in it and maps what drivers answer to faults.
//
// # Two engines
//
// The DSN decides: "postgres://…" or "sqlite:path". Both take the same portable
// SQL, and both compare text byte by byte if [Provision] (or somebody with the
// same collation, C) made the PostgreSQL database, so a store has one body. What
// they do differently is hidden here: SQLite has no row locks (its one writer is
// alone) and gets its settings from the DSN that [Open] builds.
//
// SQLite runs under a small GORM dialector of our own, because it is pure Go and
// the ready ones were not good enough: one compiles C and translates no errors,
// one ignores the immediate transactions that keep concurrent writers from
// failing, one lost an in-memory database when a context was cancelled.
//
// # Round trips
//
// On PostgreSQL BEGIN is sent with the first statement of a transaction, and a
// write that is queued ([Queue]) with the next statement or with COMMIT. The
// server refuses to commit unless each wrote as many rows as it must. What is one
// statement anyway needs no transaction: [Retry].
//
// # Times
//
// Times are UTC and have microseconds, the precision of PostgreSQL: what was
// written compares equal to what is read.
package database
