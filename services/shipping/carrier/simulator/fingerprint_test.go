package simulator

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/services/shipping/carrier"
)

// If this fails, a repeat of an older booking is refused as another parcel.
func TestTheFingerprintOfAParcelNeverChanges(t *testing.T) {
	t.Parallel()
	sum, err := fingerprint(carrier.Parcel{
		Warehouse: "BER", To: carrier.Address{Name: "n", Line1: "l", City: "c", PostalCode: "p", Country: "DE"},
		Lines: []carrier.Line{{SKU: "A", Quantity: 1}},
	})
	require.NoError(t, err)
	require.Equal(t, "7b8444b8314d13f4510a1a814aa92736105ba9404cda65f62341dcf918ff0e2e", sum)
}
