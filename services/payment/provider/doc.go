// Package provider is the payment service's view of the company that moves the
// money: a card acquirer, a payment service provider, or package simulator in
// development.
//
// Every call names its effect by an idempotency key, and its target by the key that
// made the target, so that an effect can be taken back even if its reply was lost.
// The saga relies on these promises of a provider:
//
//   - One key, one effect. A repeat of a call changes nothing and returns the same
//     answer, a decline included.
//   - A decline is an answer ([Declined]), not an error: it can be found again.
//   - [Provider.Forbid] is atomic: afterwards the key either has an effect, which
//     is returned, or never will.
//
// An adapter for a provider without Forbid returns [ErrUnavailable] until the
// provider's maximum delay has passed, and only then that the key has no effect.
package provider
