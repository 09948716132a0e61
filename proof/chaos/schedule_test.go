package chaos

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/api/client"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/services/payment/provider/simulator"
)

func TestTheSeedDecidesEverything(t *testing.T) {
	t.Parallel()
	faults, orders := Schedule(7, time.Minute, Hasty()), Orders(7, 50, time.Minute)
	require.Equal(t, faults, Schedule(7, time.Minute, Hasty()))
	require.NotEqual(t, faults, Schedule(8, time.Minute, Hasty()))
	require.Equal(t, orders, Orders(7, 50, time.Minute))
	require.NotEqual(t, orders, Orders(8, 50, time.Minute))
}

func TestEveryScheduleHasEveryKind(t *testing.T) {
	t.Parallel()
	for seed := range uint64(200) {
		for _, length := range []time.Duration{20 * time.Second, 5 * time.Minute} {
			schedule := Schedule(seed, length, Hasty())
			require.True(t, slices.IsSortedFunc(schedule, func(a, b Fault) int { return int(a.At - b.At) }))
			have, deaf := map[Fault]int{}, map[Kind]bool{}
			for _, f := range schedule {
				have[f.label()]++
				deaf[f.Kind] = deaf[f.Kind] || slices.Contains(acting, f.Victim)
				require.Less(t, f.At, length)
				require.Positive(t, f.For)
				if f.Kind == StopWorker {
					require.Greater(t, f.For, Hasty().longestStep(f.Victim))
				}
			}
			for _, must := range required() {
				require.Positive(t, have[must], "seed %d: %v", seed, must)
			}
			require.True(t, deaf[CutBroker] && deaf[HoleBroker], "seed %d: no service that orders wait for loses the broker", seed)
			require.GreaterOrEqual(t, len(schedule), int(length/interval))
		}
	}
}

// Also in a short run orders come to the pivot of the choreographed style, to either end.
func TestOnlyTheCaptureDecidesSomeChoreographedOrders(t *testing.T) {
	t.Parallel()
	for seed := range uint64(50) {
		ends := map[Outcome]int{}
		for _, o := range Orders(seed, 64, 20*time.Second) {
			if allowed := o.allowed(); o.N%16 == 3 || o.N%16 == 10 {
				require.Equal(t, client.Choreographed, o.Body.Style)
				require.Zero(t, o.Cancel)
				require.Len(t, allowed, 1)
				ends[allowed[0]]++
			}
		}
		require.Equal(t, map[Outcome]int{{Status: order.Confirmed}: 4, {order.Cancelled, order.PaymentDeclined}: 4}, ends)
	}
}

func TestWhatAnOrderMayBecome(t *testing.T) {
	t.Parallel()
	confirmed := Outcome{Status: order.Confirmed}
	because := func(r order.Reason) Outcome { return Outcome{order.Cancelled, r} }
	for name, tc := range map[string]struct {
		token, postal, currency string
		skus                    []string
		want                    []Outcome
	}{
		"Fine":              {simulator.TokenVisa, "10115", currency, []string{tea, mug}, []Outcome{confirmed}},
		"ReplyLost":         {simulator.TokenCaptureLost, "99999", currency, []string{tea}, []Outcome{confirmed}},
		"QuoteComesFirst":   {simulator.TokenDeclined, "00000", "USD", []string{unknown}, []Outcome{because(order.UnknownSKU), because(order.CurrencyMismatch)}},
		"HoldsRace":         {simulator.TokenDeclined, "10115", currency, []string{soldOut}, []Outcome{because(order.OutOfStock), because(order.PaymentDeclined)}},
		"HotMayBeThere":     {simulator.TokenVisa, "10115", currency, []string{hot}, []Outcome{because(order.OutOfStock), confirmed}},
		"HotAndDeclined":    {simulator.TokenDeclined, "10115", currency, []string{hot}, []Outcome{because(order.OutOfStock), because(order.PaymentDeclined)}},
		"ParcelsComeBefore": {simulator.TokenCaptureDeclined, "00000", currency, []string{tea}, []Outcome{because(order.Undeliverable)}},
		"CaptureIsLast":     {simulator.TokenAuthExpired, "10115", currency, []string{tea}, []Outcome{because(order.PaymentDeclined)}},
	} {
		o := Orders(1, 1, time.Second)[0]
		o.Body.PaymentToken, o.Body.ShipTo.PostalCode, o.Body.Currency, o.Body.Lines = tc.token, tc.postal, tc.currency, nil
		for _, sku := range tc.skus {
			o.Body.Lines = append(o.Body.Lines, client.LineRequest{Sku: sku, Quantity: 1})
		}
		require.ElementsMatch(t, tc.want, o.allowed(), name)
	}
}
