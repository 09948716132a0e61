// Package txn runs one database transaction, or single statements without one, and
// decides which failures are worth another try. It marks the writes whose answers
// nobody waits for, so that a driver may send them together with others.
//
// It knows drivers only by two methods that their errors have, SQLState() string
// and Code() int, so it links neither of them.
package txn
