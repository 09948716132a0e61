// Package barrier makes each step of a saga take effect once. It keeps a ledger in
// the database of the service, and writes it in the same transaction as the effect.
//
// # Overview
//
// A saga may call a service again for the same step: a reply was lost, a worker
// died, the workflow was reset, or a call arrives an hour after the saga has given
// up on it. The barrier gives every step one row, named by its [Key], and every
// attempt of the step the same answer. A service wraps its methods:
//
//   - an effect inside its database in [Do], the undo in [Undo], and the question
//     "did it happen? if not, block it" in [Settle];
//   - an effect in an external system, such as a payment provider, in [Intend]
//     before the call and [Conclude] or [Refuse] after it. Each is a transaction of
//     its own, and the call is in none of them. Undo and settle begin with
//     [BeginUndo] and, after the service has asked the external system, end with
//     [EndUndo] or [Conclude]. [Recall] is a repeat without the whole request. Package
//     saga/service does all of that for a step that makes one call.
//
// # State model
//
//	nothing ──Do──▶ done │ refused          done ──Undo, EndUndo──▶ undone
//	nothing ──Intend──▶ intent ──Conclude──▶ done
//	                    intent ──Refuse────▶ refused
//	                    intent ──EndUndo───▶ undone │ blocked
//	nothing ──Undo, Settle, BeginUndo──▶ blocked
//
// Refused, undone and blocked are final. A row is never deleted, because it stops
// late attempts.
//
//	call     finds           result
//	do       nothing         runs; records done, or refused with its code
//	do       done, refused   returns the record, runs nothing
//	do       intent          the service asks before it calls again
//	do       undone, blocked fails with code SUSPENDED, runs nothing
//	undo     done            runs with the recorded outcome; undone
//	undo     nothing         blocks the key: a late do fails
//	undo     intent          the service asks: undone or blocked
//	undo     any other       nothing to do
//	settle   done            it happened; returns the outcome
//	settle   nothing         blocks the key; it did not happen
//	settle   intent          as undo, but an effect that is found becomes done
//	settle   any other       it did not happen
//
// Two dos with the same [Fingerprint] are the same request. Another fingerprint
// under the same key is a bug (REQUEST_MISMATCH) and runs nothing; but an undone or
// blocked key answers SUSPENDED to any request. A service puts into the fingerprint
// the fields that make a request another one. It never hashes raw JSON: then a new
// field would turn sagas in flight into bugs.
//
// # Guarantees
//
//  1. An effect commits with its row or not at all, and at most once per key.
//  2. Every do of a key with an outcome or a refusal returns it again, until the key
//     is undone.
//  3. Once an undo or a settle has answered, no later do of that key takes effect.
//  4. The effect of an undo runs once, only if the do happened, and with the recorded
//     outcome.
//
// They hold under READ COMMITTED. Each call writes its row first, so calls of the
// same key queue on the primary key (on SQLite, on the only write lock): an undo
// that meets an open do waits for it and then reads its record. A conditional update
// changes the state and names the states that it starts from; the effect follows it.
// So the loser of a race finds no row, or waits for the row's lock and reads that it
// lost, and runs nothing.
//
// # Failure handling
//
// If an effect returns a [fault.Error] of kind business, it is refused: its
// transaction is rolled back, and another one records the refusal. A call that comes
// between the two counts as the first, and its record answers both. Every other
// error rolls the whole transaction back, row included, as if the call had never
// come; the saga repeats it. The effects of an undo, and those that go with an
// outcome from an external system, cannot refuse: their business faults are bugs.
//
// A transaction that lost against another one runs again (see [txn.Run]), so effects
// work through tx only and must set, not add to, the variables that they capture. A
// caller that stops waiting learns nothing: the commit may have happened, and a
// repeat returns its record.
//
// # Telling
//
// A call may be given a [Tell], which writes a row about the result for other services.
// It commits with the record: a refusal in its second transaction, and a settle or null
// undo in one of its own. Effects cannot do that, because a refusal, a null undo and a
// repeat run none.
//
// # Round trips
//
// Any *gorm.DB works. With a driver for [txn.Queue] and [txn.Ahead] (internal/database has
// one) a do or a conclude takes two round trips to PostgreSQL beside those of its effect,
// an undo three: BEGIN travels with the first statement, the record of a do with COMMIT.
// The claim travels with a query that begins the effect; if the key is not free, the query
// fails, and the repeat takes two more. Effects and tells queue their writes.
package barrier
