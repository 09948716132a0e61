// Package inventory owns the warehouses, what each of them has of every SKU,
// and the reservations that hold stock for sagas.
//
// # State
//
// A unit of stock is available, reserved or committed. [Service.Receive] makes
// it available, [Service.Reserve] reserves it, [Service.Release] makes it
// available again, [Service.Commit] sells it, for good. A reservation goes with
// its units: held → released | committed, see [State].
//
// # Invariants
//
//   - available + reserved + committed = received per SKU and warehouse, and
//     none is ever negative: the database checks it in every row.
//   - A reservation covers every line of its request, or there is none.
//   - What is reserved of a SKU in a warehouse is the sum of the lines of the
//     held reservations; what is committed, that of the committed ones.
//   - OUT_OF_STOCK is only ever decided over rows that are locked, so it is
//     never an effect of another buyer who took nothing in the end.
//   - A reservation does not expire: only the saga releases it.
//
// # Do and undo
//
// Reserve is undone by Release under the same key. Commit is a closing step: it
// has no undo and cannot be refused. The ledger of saga/barrier makes each of
// them happen once. Receive is no step of a saga and has no key.
package inventory
