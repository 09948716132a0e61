package store

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/services/shipping"
)

func TestTheFingerprintOfABooking(t *testing.T) {
	t.Parallel()
	to := shipping.Address{Name: "n", Line1: "l", City: "c", PostalCode: "p", Country: "DE"}
	parcels := []shipping.Parcel{{Warehouse: "BER", Lines: []shipping.Line{{SKU: "A", Quantity: 1}}}}
	require.Equal(t, "decad90b44851cbf5087723ac7d952e865da75f12ef1c766c7549b441e177ccb", fingerprint(to, parcels), "if it changes, a repeat of an older booking is refused as another one")
	california := to
	california.Region = "CA"
	require.NotEqual(t, fingerprint(to, parcels), fingerprint(california, parcels))
}
