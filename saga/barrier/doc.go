// Package barrier makes the steps of a saga take effect once. It keeps a ledger
// in the database of the service that takes the step, and writes it in the same
// transaction as the effect.
//
// # Overview
//
// A saga calls a service again and again: a reply was lost, a worker died, the
// workflow was reset, a call that was given up on arrives an hour late. The
// barrier gives every step of a saga one row, named by its [Key], and every
// attempt of it the same answer. A service wraps its methods:
//
//   - an effect inside the database in [Do], its compensation in [Undo], the
//     question "did it happen? if not, it never shall" in [Settle];
//   - an effect outside (a payment provider) in [Intend] before the call and
//     [Conclude] or [Refuse] after it, each in a transaction of its own and none
//     of them around the call; its compensation and its settle in [BeginUndo]
//     and, after asking outside, [EndUndo] (or [Conclude]).
//
// # States
//
//	nothing ──Do──▶ done │ refused          done ──Undo, EndUndo──▶ undone
//	nothing ──Intend──▶ intent ──Conclude──▶ done
//	                    intent ──Refuse────▶ refused
//	                    intent ──EndUndo───▶ undone │ blocked
//	nothing ──Undo, Settle, BeginUndo──▶ blocked
//
// Refused, undone and blocked are final. A row is never deleted: it is what
// stops a late attempt. What arrives, and what it finds:
//
//	arrives  finds           does
//	do       nothing         runs; records done, or refused with its code
//	do       done, refused   returns the record, runs nothing
//	do       intent          the service asks outside before it calls again
//	do       undone, blocked refuses with code SUSPENDED, runs nothing
//	undo     done            runs with the recorded outcome; undone
//	undo     nothing         blocks the key: a late do is refused
//	undo     intent          the service asks outside: undone or blocked
//	undo     any other       nothing to do
//	settle   done            it happened; answers the outcome
//	settle   nothing         blocks the key; it did not happen
//	settle   intent          as undo, but what is found becomes done
//	settle   any other       it did not happen
//
// A do is the same request if its [Fingerprint] is the same. Another fingerprint
// under the same key is a bug (REQUEST_MISMATCH) and runs nothing, but a key
// that was decided against answers SUSPENDED to any request. A service chooses
// the fields of the fingerprint: those that make it another request. It never
// hashes raw JSON, or a new field would turn sagas in flight into bugs.
//
// # Guarantees
//
//  1. An effect commits with its row or not at all, and at most once per key.
//  2. One key, one answer: every do of a key that got an outcome or a refusal
//     returns it again, until the key is decided against.
//  3. Once an undo or a settle has answered, no do of that key takes effect.
//  4. An undo's effect runs once, only for what happened, with what was recorded.
//
// They hold under READ COMMITTED. Each call writes its row first, so calls of
// the same key queue on the primary key (on SQLite, on the only write lock): an
// undo that meets an open do waits for it and then reads what it left. State is
// changed by conditional updates that say which states they start from, and
// effects follow that update: the loser of a race finds no row, or has waited for
// the lock of the row and reads that it lost, and runs nothing.
//
// # Failures
//
// An error of an effect that is a [fault.Error] of kind business is a decision:
// its transaction is rolled back, then the refusal is recorded in another one and
// sticky. A call that comes between the two is as if it had come first, and its
// record is the answer of both. Every other error rolls the whole transaction back, row included,
// as if the call had never come; the saga repeats it. Compensations, and effects
// that go with an outcome from outside, cannot refuse: a business fault of theirs
// is answered as a bug.
//
// A transaction that lost against another is run again (see [txn.Run]), so
// effects work through tx only and must set, not add to, what they capture. A
// caller that stops waiting learns nothing: the commit may have happened, and
// the repeat says.
//
// # Round trips
//
// Any *gorm.DB will do. With a driver that knows of [txn.Queue] (internal/database
// has one) a do or a conclude is two round trips to PostgreSQL and those of its
// effect, an undo three: BEGIN comes with the first statement, and what a do
// records with COMMIT. An effect saves its own in the same way, by queueing its
// writes.
package barrier
