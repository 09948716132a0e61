// Package payment moves money: it holds it, takes it, pays it back, and keeps
// the books about it.
//
// # What it owns
//
// Payments (what one saga holds or took), their transfers (captures and
// refunds), the invoices, and an append-only double-entry ledger ([PostingSet]).
// It never keeps a payment token, only the token's SHA-256.
//
// # Effects outside the database
//
// The money is at a [provider.Provider], which no transaction of ours reaches.
// So every effect is intent → call → outcome: the intent is committed with the
// effect's key, then the provider is called with that key, outside any
// transaction, then the outcome is committed. [Outside] is that sequence. Whoever
// finds an intent asks the provider by key before doing anything else.
//
// # Do and undo
//
// Authorize/Void. Capture is the pivot and has no undo but SettleCapture, which
// blocks it for ever or learns that it happened. Refund is never undone.
//
// # Invariants
//
//   - Every posting set, and so the ledger, sums to zero per currency.
//   - A saga has at most one payment that is asked for, held or taken at a time.
//   - A payment moves intent → authorized → captured → refunded, or ends declined
//     or voided; never more is captured than was authorized, nor refunded than
//     was captured, refunds on their way included.
//   - The provider's book agrees with the payments and transfers row by row, once
//     no effect is left at intent.
package payment
