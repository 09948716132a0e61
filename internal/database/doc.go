// Package database opens, migrates and checks a service's database, PostgreSQL or
// SQLite, runs transactions in it and maps driver errors to faults.
//
// # Two databases
//
// The DSN decides: "postgres://…" or "sqlite:path". Both databases take the same
// portable SQL, and both compare text byte by byte if the PostgreSQL database has
// the collation C, as package provision creates it; so a store is written once. This
// package hides the differences: SQLite has a single writer and no row locks, see
// package sqlite.
//
// # Round trips
//
// On PostgreSQL, BEGIN travels with the first statement of a transaction, the claim of
// a step's key with the first query behind it, and a queued write ([Queue]) with the
// next statement or with COMMIT, see package pipeline. The server refuses to commit
// unless each queued write affected its number of rows. A single statement needs no
// transaction: [Retry].
//
// # Times
//
// Times are UTC with microseconds, the precision of PostgreSQL, so a time compares
// equal after it was written and read.
package database
