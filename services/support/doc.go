// Package support owns cases: the conversations of a customer with support about an order.
//
// # State
//
// A case begins with the first message of its customer and is open. An answer of support
// makes it answered, a message of its customer makes it open again, and either side closes
// it. A closed case takes no further messages: the customer opens another one.
//
// # Invariants
//
//   - A case belongs to one order, and its messages are in the order in which they were
//     written. Neither is ever changed.
//   - An order has at most [MaxOpen] cases that are not closed and [MaxCases] in all, however
//     many are opened at the same time.
//   - A command is carried out once for each key of its author. A repeat answers with the
//     case as it is by then.
//   - Subjects and messages are personal data. They are in the database of this service and
//     in answers to those who may read the case; facts have ids only.
//
// # Do and undo
//
// Nothing of the service is a step of a saga.
package support
