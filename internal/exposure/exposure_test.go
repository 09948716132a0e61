package exposure_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/exposure"
	"github.com/amends/amends/internal/money"
)

func TestExposuresAddUpByCurrency(t *testing.T) {
	t.Parallel()

	one := exposure.Exposure{Reserved: 3, Parcels: 2}
	one.Hold(money.New(12600, "EUR"))
	one.Hold(money.New(0, "USD"))
	other := exposure.Exposure{Sold: 1}
	other.Take(money.New(500, "USD"))
	other.Hold(money.New(400, "EUR"))
	var all exposure.Exposure
	require.True(t, all.IsZero())
	require.Equal(t, "nothing", all.String())
	all.Add(one)
	all.Add(other)
	require.False(t, all.IsZero())
	require.Equal(t, "money held: 130.00 EUR, money taken: 5.00 USD, stock held: 3 units, stock sold: 1 units, parcels booked: 2", all.String())
	require.Equal(t, "money held: 126.00 EUR, stock held: 3 units, parcels booked: 2", one.String(), "a sum changes no part of it")

	data, err := json.Marshal(all)
	require.NoError(t, err)
	require.JSONEq(t, `{"money_held": [{"amount": 13000, "currency": "EUR"}], "money_taken": [{"amount": 500, "currency": "USD"}],
		"units_held": 3, "units_sold": 1, "parcels": 2}`, string(data))
}
