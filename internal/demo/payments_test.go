package demo_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/demo"
	"github.com/amends/amends/services/payment/provider/simulator"
)

func TestPaymentsAreThoseOfTheSimulator(t *testing.T) {
	t.Parallel()
	require.ElementsMatch(t, []string{
		simulator.TokenVisa, simulator.TokenDeclined, simulator.TokenInsufficientFunds, simulator.TokenExpiredCard, simulator.TokenCaptureDeclined,
		simulator.TokenAuthExpired, simulator.TokenSlow, simulator.TokenUnavailable, simulator.TokenTimeoutAfterCharge, simulator.TokenCaptureLost,
		simulator.TokenUnknown,
	}, demo.Payments)
	require.Equal(t, simulator.TokenVisa, demo.Payments[0])
}
