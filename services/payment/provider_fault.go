package payment

import (
	"cmp"
	"errors"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/services/payment/provider"
)

// providerFaults maps the provider's errors to faults. A bug of the adapter
// stays one, because no retry mends it. Any other error does not prove that nothing
// happened: the outcome is unknown.
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

// ProviderFault translates the error of a call to the provider; nil stays nil. The
// error stays the cause, but its text, which may hold anything, is hidden.
func ProviderFault(err error) error {
	if err == nil {
		return nil
	}
	for _, f := range providerFaults {
		if errors.Is(err, f.err) {
			return fault.Wrap(err, f.kind, f.code, f.err.Error())
		}
	}
	if own, ok := errors.AsType[*fault.Error](err); ok && own.Kind == fault.Bug {
		return fault.Wrap(err, fault.Bug, own.Code, own.Message)
	}
	return fault.Wrap(err, fault.Unknown, ProviderTimeout, "the payment provider gave no answer")
}

// refusals maps the provider's reasons to the codes of the saga.
var refusals = map[provider.Reason]fault.Code{
	provider.CardDeclined:         CardDeclined,
	provider.InsufficientFunds:    InsufficientFunds,
	provider.ExpiredCard:          ExpiredCard,
	provider.CaptureDeclined:      CaptureDeclined,
	provider.AuthorizationExpired: AuthExpired,
	provider.RefundExceedsCapture: RefundExceedsCapture,
	provider.RefundDeclined:       RefundDeclined,
	provider.TokenInvalid:         TokenInvalid,
}

// ProviderRefusal returns why the provider declined, or nil.
func ProviderRefusal(e provider.Effect) *fault.Error {
	if e.State != provider.Declined {
		return nil
	}
	return refusal(e)
}

// others are the codes for other reasons: a bug of the adapter, but the decline stands.
var others = map[provider.Kind]fault.Code{provider.KindAuthorization: CardDeclined, provider.KindCapture: CaptureDeclined, provider.KindRefund: RefundDeclined}

// refusal translates a decline.
func refusal(e provider.Effect) *fault.Error {
	return fault.Errorf(fault.Business, cmp.Or(refusals[e.Reason], others[e.Kind]), "the payment provider declined the %s", e.Kind)
}
