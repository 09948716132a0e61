package order

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/money"
)

func TestAnOrderTellsItsFinalViewWithoutTheWordsOfOperators(t *testing.T) {
	t.Parallel()

	r := Record{Status: Confirmed, Placement: Placement{Lines: []Line{{SKU: "MUG", Quantity: 2}, {SKU: "TEE", Quantity: 1}}}}
	r.View = []byte(`{
		"lines": [{"sku": "TEE", "quantity": 1, "unit_price": {"amount": 0, "currency": "EUR"}}, {"sku": "MUG", "quantity": 2, "unit_price": {"amount": 1290, "currency": "EUR"}}],
		"steps": [{"name": "payment.authorize", "state": "refused", "attempts": 3, "started_at": "2026-11-28T11:00:00.1234567+01:00", "error": "CARD_DECLINED", "exposure": "money"}],
		"parcels": [{"warehouse": "BER", "tracking_number": "T1", "state": "booked"}],
		"repairs": [{"reason": "Mrs Miller called", "operator": "night"}]}`)
	got := r.Snapshot()
	require.Equal(t, []TakenLine{{SKU: "MUG", Quantity: 2, UnitPrice: new(money.New(1290, "EUR"))}, {SKU: "TEE", Quantity: 1, UnitPrice: new(money.New(0, "EUR"))}}, got.Lines)
	require.Equal(t, []TakenStep{{
		Name: "payment.authorize", State: "refused", Attempts: 3, Error: "CARD_DECLINED",
		StartedAt: time.Date(2026, 11, 28, 10, 0, 0, 123456000, time.UTC),
	}}, got.Steps)
	require.Equal(t, []Parcel{{Warehouse: "BER", TrackingNumber: "T1", State: "booked"}}, got.Parcels)

	r.Total = new(money.New(0, "EUR"))
	data, err := json.Marshal(r.Snapshot())
	require.NoError(t, err)
	require.Contains(t, string(data), `"total":{"amount":0,"currency":"EUR"}`, "a free order has a total")
	require.Contains(t, string(data), `"unit_price":{"amount":0,"currency":"EUR"}`)

	r.View = []byte(`{"steps": "of another program"}`)
	require.Equal(t, []TakenLine{{SKU: "MUG", Quantity: 2}, {SKU: "TEE", Quantity: 1}}, r.Snapshot().Lines)
	require.Empty(t, r.Snapshot().Steps)
}
