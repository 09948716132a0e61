// Package notification tells customers by mail and by short messages what happened to their
// orders and their accounts.
//
// # State
//
// A fact of another service becomes a [Notice]; each of its messages is a [Delivery], a row
// that is WANTED until it is SENT or DROPPED, with the reason. The service asks for the
// address only when it sends (see [Contacts]), and keeps it with the delivery alone.
//
// # Invariants
//
//   - A notice has one delivery by each channel, whatever else tells of it again: the
//     delivery's id is made of kind, subject, occurrence, channel and recipient.
//   - Every attempt to send a delivery has that id. After an attempt whose outcome is
//     unknown, the next one of a mail has the same Message-ID, by which mailboxes drop it.
//   - A provider is left for another one only if it has surely not sent the message and
//     never will.
//   - One attempt of a delivery is made at a time: it claims the row, and an attempt that
//     has lost its claim can neither begin to send nor record an outcome.
//   - A message that would come too late is dropped.
//   - Addresses are in the rows of deliveries and nowhere else; the account's erasure
//     removes them.
//
// # Do and undo
//
// Nothing of the service is a step of a saga. A mail cannot be taken back: so customers are
// told only of facts that stay.
package notification
