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

	require.Equal(t, "stock held: 3 units (inventory.reserve)", exposure.Exposure{Reserved: 3}.By("inventory.reserve").String())
	require.Empty(t, exposure.Exposure{}.By("inventory.reserve").Steps, "nothing is the effect of no step")
	of := exposure.Exposure{Reserved: 3}.By("inventory.reserve")
	of.Add(exposure.Exposure{Sold: 1}.By("inventory.commit"))
	of.Add(exposure.Exposure{Reserved: 1}.By("inventory.reserve"))
	require.Equal(t, "stock held: 4 units, stock sold: 1 units (inventory.reserve, inventory.commit)", of.String())
	require.Equal(t, "stock held: 4 units, stock sold: 1 units", of.Amounts().String(), "a sum over orders has no steps")

	data, err := json.Marshal(all)
	require.NoError(t, err)
	require.JSONEq(t, `{"money_held": [{"amount": 13000, "currency": "EUR"}], "money_taken": [{"amount": 500, "currency": "USD"}],
		"units_held": 3, "units_sold": 1, "parcels": 2}`, string(data))
}
