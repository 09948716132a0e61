// Package txn runs one database transaction, or single statements without one, and
// decides which failures deserve another try. It also marks writes whose answers no
// caller waits for, so that a driver may send them together with others.
//
// It knows drivers only by two methods of their errors, SQLState() string and
// Code() int, and so links neither pgx nor SQLite.
package txn
