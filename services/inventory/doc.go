// Package inventory owns the warehouses, their stock of every SKU, and the
// reservations that hold stock for sagas.
//
// # State
//
// A unit of stock is available, reserved or committed. [Service.Receive] adds it as
// available, [Service.Reserve] reserves it, [Service.Release] makes it available
// again, and [Service.Commit] sells it for good. Goods that a customer gives back are
// received anew by [Service.TakeBack]: the sale stays a sale. A reservation moves with its units:
// held → released | committed, see [State].
//
// # Invariants
//
//   - available + reserved + committed = received per SKU and warehouse, and none is
//     negative: the database checks it in every row.
//   - received is the sum of the journal, which only [Service.Receive],
//     [Service.Adjust] and [Service.TakeBack] write, together with the stock.
//   - The goods of a saga come back at most once.
//   - A reservation covers every line of its request, or does not exist.
//   - Per SKU and warehouse, reserved is the sum of the lines of the held
//     reservations, and committed that of the committed ones.
//   - OUT_OF_STOCK is decided over locked rows only, so it never results from a
//     competing reserve that is rolled back.
//   - A reservation does not expire: only the saga releases it.
//
// # Do and undo
//
// Reserve is undone by Release under the same key. Commit is a closing step: it has
// no undo and cannot be refused; neither can TakeBack. The ledger of saga/barrier makes each of them happen
// once. Receive and Adjust are not steps of a saga; only a reference makes an
// Adjust happen once.
package inventory
