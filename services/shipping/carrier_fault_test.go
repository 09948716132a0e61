package shipping_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/services/shipping"
	"github.com/amends/amends/services/shipping/carrier"
)

func TestCarrierFaultKeepsTheCauseAndHidesItsText(t *testing.T) {
	t.Parallel()

	for _, c := range []struct {
		err  error
		kind fault.Kind
		code fault.Code
	}{
		{carrier.ErrUndeliverable, fault.Business, shipping.Undeliverable},
		{carrier.ErrUnavailable, fault.Transient, shipping.CarrierUnavailable},
		{carrier.ErrForbidden, fault.Suspension, fault.Suspended},
		{carrier.ErrKeyReused, fault.Bug, fault.Mismatch},
		{carrier.ErrInvalid, fault.Bug, fault.Invalid},
		{carrier.ErrNotFound, fault.Bug, fault.NotFound},
		{fault.Errorf(fault.Bug, fault.Conflict, "the book contradicts itself"), fault.Bug, fault.Conflict},
		{fault.Errorf(fault.Transient, fault.Unavailable, "says nothing of the effect"), fault.Unknown, shipping.CarrierTimeout},
		{context.DeadlineExceeded, fault.Unknown, shipping.CarrierTimeout},
		{errors.New("connection reset"), fault.Unknown, shipping.CarrierTimeout},
	} {
		got := shipping.CarrierFault(fmt.Errorf("Hauptstr. 1: %w", c.err))
		require.Equal(t, c.kind, fault.KindOf(got), "%v", c.err)
		require.Equal(t, c.code, fault.CodeOf(got), "%v", c.err)
		require.ErrorIs(t, got, c.err)
		require.NotContains(t, got.Error(), "Hauptstr")
	}
	require.NoError(t, shipping.CarrierFault(nil))
}
