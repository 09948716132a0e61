// Package provider is the payment service's view of whoever moves the money: a
// card acquirer, a payment service provider, or [simulator] in development.
//
// Every call names its effect by an idempotency key, and what it acts on by the
// key that made it, so that an effect whose reply was lost can still be taken
// back. A provider is expected to keep these promises, the saga builds on them:
//
//   - One key, one effect. A repeat of a call changes nothing and gets the same
//     answer, a decline included.
//   - A decline is an answer ([Declined]), not an error: it can be found again.
//   - [Provider.Forbid] is atomic: after it the key either has an effect, which
//     is returned, or never will.
//
// An adapter for a provider without Forbid answers [ErrUnavailable] until the
// provider's maximum lateness has passed, and only then that the key is free.
package provider
