// Package payment moves money: it authorizes, captures and refunds, and keeps the
// ledger.
//
// # What it owns
//
// Payments (the money that a saga holds or has taken), their transfers (captures and
// refunds) with notes of who asked for a refund and why, the invoices, and an append-only double-entry ledger (package posting).
// It never stores a payment token, only the token's SHA-256.
//
// # Effects in an external system
//
// The money is at a [provider.Provider], which no transaction of ours reaches. So
// every effect is intent → call → outcome, see [once.Effect]: the intent commits
// with the effect's key, then the provider is called with that key outside any
// transaction, then the outcome commits. Package outside is that sequence. An attempt, or
// an undo, that finds an intent asks the provider by key before anything else.
//
// # Do and undo
//
// Authorize/Void. Capture is the pivot; instead of an undo it has SettleCapture,
// which blocks it for ever or learns that it happened. Refund is never undone either: it is
// the pivot of a saga of its own, and SettleRefund does the same for it.
//
// # Invariants
//
//   - Every posting set, and so the ledger, sums to zero per currency.
//   - A saga has at most one payment that is intended, authorized or captured.
//   - A payment moves intent → authorized → captured → refunded, or ends declined
//     or voided. Captures never exceed the authorization; refunds, pending ones
//     included, never exceed the capture.
//   - The provider's records match the payments and transfers row by row, once no
//     effect is left at intent.
package payment
