// Package txn runs one database transaction and decides which failures are
// worth another one. It knows drivers only by two methods that their errors
// have, SQLState() string and Code() int, so it links neither of them.
package txn
