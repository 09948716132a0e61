package store_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/services/inventory"
)

func TestReceiveKnown(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b testBundle) {
		receive := func(sku, warehouse string, quantity int64) error {
			_, err := b.Receive(t.Context(), inventory.Delivery{SKU: sku, Warehouse: warehouse, Quantity: quantity, Known: true, By: "clerk"})
			return err
		}
		require.Equal(t, fault.Invalid, fault.CodeOf(receive("MUG", "BER", 0)))
		require.Equal(t, inventory.NeverReceived, fault.CodeOf(receive("MUG", "BER", 3)))
		b.receive(t, "MUG", "BER", 3)
		b.receive(t, "TEA", "AMS", 3)
		require.ErrorContains(t, receive("MUUG", "BER", 3), `SKU "MUUG": never received before`)
		require.ErrorContains(t, receive("MUG", "BRE", 3), `warehouse "BRE": never received before`)
		require.ErrorContains(t, receive("MUUG", "BRE", 3), `SKU "MUUG" and warehouse "BRE": never received before`)
		require.NoError(t, receive("MUG", "BER", 3))
		require.NoError(t, receive("MUG", "AMS", 3), "both are known, from other deliveries")

		stock, err := b.Stock(t.Context(), "MUG")
		require.NoError(t, err)
		require.Equal(t, []inventory.Stock{
			{SKU: "MUG", Warehouse: "AMS", Available: 3, Received: 3},
			{SKU: "MUG", Warehouse: "BER", Available: 6, Received: 6},
		}, stock)
		stock, err = b.Stock(t.Context(), "MUUG")
		require.NoError(t, err)
		require.Empty(t, stock, "a refusal books nothing")
	})
}

func TestADeliveryWithAReferenceIsBookedOnce(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b testBundle) {
		d := inventory.Delivery{SKU: "MUG", Warehouse: "BER", Quantity: 3, By: "clerk", Reference: "first"}
		for range 2 {
			got, err := b.Receive(t.Context(), d)
			require.NoError(t, err)
			require.Equal(t, inventory.Stock{SKU: "MUG", Warehouse: "BER", Available: 3, Received: 3}, got)
		}
		other := d
		other.Quantity = 4
		_, err := b.Receive(t.Context(), other)
		require.Equal(t, fault.Mismatch, fault.CodeOf(err))
		other.Warehouse = "AMS"
		_, err = b.Receive(t.Context(), other)
		require.NoError(t, err, "of another warehouse it is another one")
		require.ElementsMatch(t, []int64{3, 4}, func() (units []int64) {
			entries, err := b.Journal(t.Context(), "MUG")
			require.NoError(t, err)
			for _, e := range entries {
				require.Equal(t, "first", e.Reference)
				units = append(units, e.Units)
			}
			return units
		}())
		b.requireExplained(t)
		d.Reference = " padded"
		_, err = b.Receive(t.Context(), d)
		require.Equal(t, fault.Invalid, fault.CodeOf(err))
	})
}
