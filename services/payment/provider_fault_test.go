package payment

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/services/payment/provider"
)

func TestProviderFaultKeepsTheCauseAndHidesItsText(t *testing.T) {
	t.Parallel()

	for _, c := range []struct {
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
		{fault.Errorf(fault.Bug, fault.Invalid, "the book contradicts itself"), fault.Bug, fault.Invalid},
		{fault.Errorf(fault.Transient, fault.Unavailable, "says nothing of the effect"), fault.Unknown, ProviderTimeout},
		{context.DeadlineExceeded, fault.Unknown, ProviderTimeout},
		{errors.New("connection reset"), fault.Unknown, ProviderTimeout},
	} {
		got := ProviderFault(fmt.Errorf("card 4111: %w", c.err))
		require.Equal(t, c.kind, fault.KindOf(got), "%v", c.err)
		require.Equal(t, c.code, fault.CodeOf(got), "%v", c.err)
		require.ErrorIs(t, got, c.err)
		require.NotContains(t, got.Error(), "4111")
	}
	require.NoError(t, ProviderFault(nil))
}

func TestEveryDeclineHasACode(t *testing.T) {
	t.Parallel()

	for e, want := range map[provider.Effect]fault.Code{
		{Reason: provider.CardDeclined}:                      CardDeclined,
		{Reason: provider.TokenInvalid}:                      TokenInvalid,
		{Reason: provider.InsufficientFunds}:                 InsufficientFunds,
		{Reason: provider.ExpiredCard}:                       ExpiredCard,
		{Reason: provider.CaptureDeclined}:                   CaptureDeclined,
		{Reason: provider.AuthorizationExpired}:              AuthExpired,
		{Reason: provider.RefundExceedsCapture}:              RefundExceedsCapture,
		{Reason: provider.RefundDeclined}:                    RefundDeclined,
		{Reason: "do_not_honour", Kind: "authorization"}:     CardDeclined,
		{Reason: "do_not_honour", Kind: "capture"}:           CaptureDeclined,
		{Reason: "", Kind: provider.KindAuthorization}:       CardDeclined,
		{Reason: "lost_card", Kind: provider.KindRefund}:     RefundDeclined,
		{Reason: provider.CardDeclined, Kind: "mislabelled"}: CardDeclined,
	} {
		got := refusal(e)
		require.Equal(t, want, got.Code, "%v", e)
		require.Equal(t, fault.Business, got.Kind)
	}
}
