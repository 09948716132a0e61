// Package token has the payment tokens with which the simulated provider behaves as a real
// one may: the only list of them, for the simulator and for those who try a platform.
package token

// The tokens. Each names a behaviour; [All] says which.
const (
	Visa               = "tok_visa"
	Declined           = "tok_declined"
	InsufficientFunds  = "tok_insufficient_funds"
	ExpiredCard        = "tok_expired_card"
	CaptureDeclined    = "tok_capture_declined"
	AuthExpired        = "tok_auth_expired"
	Slow               = "tok_slow"
	Unavailable        = "tok_unavailable"
	TimeoutAfterCharge = "tok_timeout_after_charge"
	CaptureLost        = "tok_capture_lost"
	Unknown            = "tok_unknown"
)

// Token is a token and the fate of an order with it.
type Token struct {
	Name string `json:"name"`
	// Effect is the provider's behaviour.
	Effect string `json:"effect"`
	// Outcome is how an order ends that meets nothing else.
	Outcome string `json:"outcome"`
}

// Outcomes of orders.
const (
	confirmed = "CONFIRMED"
	refused   = "CANCELLED, PAYMENT_DECLINED"
)

// All are the tokens.
var All = []Token{
	{Visa, "approves everything", confirmed},
	{Declined, "declines to authorize: CARD_DECLINED", refused},
	{InsufficientFunds, "declines to authorize: INSUFFICIENT_FUNDS", refused},
	{ExpiredCard, "declines to authorize: EXPIRED_CARD", refused},
	{CaptureDeclined, "declines to capture: parcels, money and stock are undone", refused},
	{AuthExpired, "declines to capture: the authorization has expired just before", refused},
	{Slow, "takes 3 seconds to authorize", confirmed},
	{Unavailable, "fails to authorize three times, without an effect", confirmed},
	{TimeoutAfterCharge, "authorizes, but the reply hangs, once: the retry asks first", confirmed},
	{CaptureLost, "captures, but the reply is lost, once: the retry asks first", confirmed},
	{Unknown, "authorizes, then answers nothing about it for 2 minutes: the order waits", confirmed},
}

// Names returns the names of all tokens.
func Names() []string {
	names := make([]string, len(All))
	for i, t := range All {
		names[i] = t.Name
	}
	return names
}
