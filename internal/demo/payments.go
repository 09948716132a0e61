package demo

// Payments are the tokens of the simulated provider of payments, the harmless one first; its
// package documents what each does.
var Payments = []string{
	"tok_visa", "tok_slow", "tok_declined", "tok_insufficient_funds", "tok_expired_card", "tok_capture_declined", "tok_auth_expired",
	"tok_unavailable", "tok_timeout_after_charge", "tok_capture_lost", "tok_unknown",
}
