// Package order owns the orders: the customer's request, its status, and every change
// of the status.
//
// Its worker runs the order workflow, so the steps here are local ones: Create begins
// the saga, Confirm or Cancel ends it.
//
// # State
//
// PENDING → CONFIRMED | CANCELLED(reason); both are final, see [Record.Confirm] and
// [Record.Cancel]. An aborted order stays PENDING until everything is undone; its
// record has the reason from before the undo, see [Record.Decide]. An order that needs
// attention is flagged in its saga, which is not a status. A flag that outlasts the
// decision is taken down by an acknowledgement, see [Record.Acknowledge].
//
// # Personal data
//
// The record keeps the customer's address, because a shop must know where it has sent
// a parcel. It never keeps the payment token: the payment service gets that from the
// saga's input, holds the money once, and needs it no more. See ADR 23.
//
// A guest's contact is beside the record and not in it, because a record is made of the
// saga's input, which histories keep. It is removed 90 days after the placement, when the
// order is decided.
//
// # Once only, without the barrier
//
// The other services need saga/barrier to know which keys they have acted on. Here the
// order itself is that record: its id is the saga's id, there is one row per id, and
// the row shows whether the order was created and how it ended. Create inserts the row
// unless it exists; Confirm and Cancel move it from PENDING or find it moved. Every
// repeat, however late, finds the row and returns it. A second record of the same
// facts could only contradict the first.
//
// # Invariants
//
//   - There is one order per id, and it is never deleted.
//   - An order ends once. The reason that was written first, by Decide or Cancel,
//     stays. An aborted order is never confirmed.
//   - A CANCELLED order has a reason, no other order has one. A CONFIRMED order has its
//     total, in the currency of the request.
//   - A waiver and an acknowledgement are never changed and never removed.
//   - The history has one row per change of status, and its last row is the order's
//     status. A PENDING order has no history: it began at CreatedAt.
//
// # Do and undo
//
// None: an order that was created is ended, never removed.
package order
