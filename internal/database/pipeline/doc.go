// Package pipeline is a driver for database/sql on top of pgx that sends
// statements together when no caller waits for their answers. It saves round
// trips; results and errors are those of pgx.
//
//   - BEGIN travels with the first statement of its transaction.
//   - A statement marked by [txn.Queue] travels with the next one, or with COMMIT.
//   - A statement marked by [txn.Ahead] travels with the next one if that is a query.
//
// The server carries statements out in their order and stops at the first that
// fails, so a COMMIT that succeeds proves that every statement before it did.
// Outside a transaction nothing is held back.
//
// [txn.Queue]: github.com/amends/amends/saga/barrier/txn.Queue
// [txn.Ahead]: github.com/amends/amends/saga/barrier/txn.Ahead
package pipeline
