package shipping

import (
	"errors"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/services/shipping/carrier"
)

// carrierFaults maps the carrier's errors to faults. A bug of the adapter
// stays one, because no retry mends it. Any other error does not prove that nothing
// happened: the outcome is unknown.
var carrierFaults = []struct {
	err  error
	kind fault.Kind
	code fault.Code
}{
	{carrier.ErrUndeliverable, fault.Business, Undeliverable},
	{carrier.ErrUnavailable, fault.Transient, CarrierUnavailable},
	{carrier.ErrForbidden, fault.Suspension, fault.Suspended},
	{carrier.ErrKeyReused, fault.Bug, fault.Mismatch},
	{carrier.ErrInvalid, fault.Bug, fault.Invalid},
	{carrier.ErrNotFound, fault.Bug, fault.NotFound},
}

// CarrierFault translates the error of a call to the carrier; nil stays nil. The
// error stays the cause, but its text, which may hold an address, is hidden.
func CarrierFault(err error) error {
	if err == nil {
		return nil
	}
	for _, f := range carrierFaults {
		if errors.Is(err, f.err) {
			return fault.Wrap(err, f.kind, f.code, f.err.Error())
		}
	}
	if own, ok := errors.AsType[*fault.Error](err); ok && own.Kind == fault.Bug {
		return fault.Wrap(err, fault.Bug, own.Code, own.Message)
	}
	return fault.Wrap(err, fault.Unknown, CarrierTimeout, "the carrier did not reply in time")
}
