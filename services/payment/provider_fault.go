package payment

import (
	"errors"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/services/payment/provider"
)

// providerFaults says what the provider's errors mean to a saga. What is not in
// it does not say for certain that nothing happened: the outcome is unknown.
var providerFaults = []struct {
	err  error
	kind fault.Kind
	code fault.Code
}{
	{provider.ErrUnavailable, fault.Transient, ProviderUnavailable},
	{provider.ErrForbidden, fault.Suspension, fault.Suspended},
	{provider.ErrKeyReused, fault.Bug, fault.Mismatch},
	{provider.ErrInvalid, fault.Bug, fault.Invalid},
	{provider.ErrNotFound, fault.Bug, fault.Conflict},
	{provider.ErrCaptured, fault.Bug, fault.Conflict},
}

// providerFault translates what a call to the provider failed with; nil stays
// nil. The text of err is kept out of the message, because nobody knows what a
// provider puts into it; err stays the cause.
func providerFault(err error) error {
	if err == nil {
		return nil
	}
	for _, f := range providerFaults {
		if errors.Is(err, f.err) {
			return fault.Wrap(err, f.kind, f.code, f.err.Error())
		}
	}
	return fault.Wrap(err, fault.Unknown, ProviderTimeout, "the payment provider gave no answer")
}

// refusals says what the provider's reasons are called in the saga.
var refusals = map[provider.Reason]fault.Code{
	provider.CardDeclined:         CardDeclined,
	provider.InsufficientFunds:    InsufficientFunds,
	provider.ExpiredCard:          ExpiredCard,
	provider.CaptureDeclined:      CaptureDeclined,
	provider.AuthorizationExpired: AuthExpired,
	provider.RefundExceedsCapture: RefundExceedsCapture,
}

// refusal translates a decline. An adapter's unknown reason is a bug of the
// adapter, but the decline stands.
func refusal(e provider.Effect) *fault.Error {
	code, ok := refusals[e.Reason]
	switch {
	case ok:
	case e.Kind == provider.KindAuthorization:
		code = CardDeclined
	default:
		code = CaptureDeclined
	}
	return fault.Errorf(fault.Business, code, "the payment provider declined the %s", e.Kind)
}
