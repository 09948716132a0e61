// Package order owns the orders: what a customer asked for, where it stands, and
// every change of that.
//
// Its worker runs the order workflow, so the steps here are local ones: Create
// begins the saga, Confirm or Cancel ends it.
//
// # State
//
// PENDING → CONFIRMED | CANCELLED(reason), and no way back, see [Record.Confirm]
// and [Record.Cancel]. An order that its saga has decided against is PENDING until
// everything is undone; the record has the reason from before that, see
// [Record.Decide]. An order that needs attention is flagged in its saga; that is
// not a status. A flag that stays when the order is decided is taken down by
// whoever has looked at it, see [Record.Acknowledge].
//
// # Once only, without the ledger
//
// The other services need saga/barrier to know what they did under which key.
// Here the order is that knowledge: its id is the saga's id, there is one row per
// id, and the row says whether it was created and how it ended. Create inserts
// unless the row is there; Confirm and Cancel move it from PENDING or find it
// moved. Any repeat, however late, finds the truth and returns it. A second book
// about the same facts could only contradict the first.
//
// # Invariants
//
//   - There is one order per id, and it never disappears.
//   - An order ends once; the reason that was written first, by Decide or Cancel,
//     stays. One that was decided against is not confirmed any more.
//   - A CANCELLED order has a reason, no other has. A CONFIRMED one has its total,
//     in the currency that the customer asked for.
//   - A waiver and an acknowledgement are never changed and never removed.
//   - The history holds every change of status, one row each, and its last row is
//     the order's status. A PENDING order has none: its beginning is CreatedAt.
//
// # Do and undo
//
// None: an order that was created is ended, never removed.
package order
