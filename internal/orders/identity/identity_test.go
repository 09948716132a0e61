package identity

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/amends/amends/workflows"
)

func TestOrder(t *testing.T) {
	t.Parallel()

	t.Run("NeverChanges", func(t *testing.T) {
		t.Parallel()
		// Orders are found by it for as long as they are kept: if this fails, the
		// derivation was changed, and every repeated request makes a second order.
		require.Equal(t, "d1d392a2-be94-8ed8-aa84-53e65a8ce8da", Order("cus_42", "7f9c24e8"))
		require.Equal(t, "62bd1bed-85b0-8a3f-82d4-7cb7a9a22a2e", Earlier("cus_42", "7f9c24e8"))
	})

	t.Run("IsAUUIDv8", func(t *testing.T) {
		t.Parallel()
		id, err := uuid.Parse(Order("cus_42", "k"))
		require.NoError(t, err)
		require.Equal(t, uuid.Version(8), id.Version())
		require.Equal(t, uuid.RFC4122, id.Variant())
	})

	t.Run("DependsOnWhereCustomerEndsAndKeyBegins", func(t *testing.T) {
		t.Parallel()
		require.NotEqual(t, Order("a", "bc"), Order("ab", "c"))
		require.NotEqual(t, Order("a", "b"), Order("b", "a"))
	})
}

func TestFingerprint(t *testing.T) {
	t.Parallel()
	base := func() workflows.Placement {
		return workflows.Placement{
			CustomerID: "c", Currency: "EUR", PaymentToken: "tok", Lines: []workflows.Line{{SKU: "A", Quantity: 1}, {SKU: "B", Quantity: 2}},
			ShipTo: workflows.Address{Name: "n", Line1: "l", City: "c", PostalCode: "p", Country: "DE"},
		}
	}

	t.Run("NeverChanges", func(t *testing.T) {
		t.Parallel()
		// If this fails, a repeat of an older request is refused as another one.
		require.Equal(t, "22fa41ac37a47e7007cd270765e04f5ace9c1884d926df8cebc9de3db5e22d3d", Fingerprint(base(), ""))
	})

	t.Run("IsOfTheMeaningOnly", func(t *testing.T) {
		t.Parallel()
		p := base()
		p.Nonce, p.Fingerprint, p.PlacedAt = "n", "f", p.PlacedAt.AddDate(1, 0, 0)
		require.Equal(t, Fingerprint(base(), ""), Fingerprint(p, ""))
	})

	t.Run("DiffersInEveryField", func(t *testing.T) {
		t.Parallel()
		seen := map[string]string{Fingerprint(base(), ""): "base"}
		for name, change := range map[string]func(*workflows.Placement){
			"customer": func(p *workflows.Placement) { p.CustomerID = "d" },
			"currency": func(p *workflows.Placement) { p.Currency = "USD" },
			"region":   func(p *workflows.Placement) { p.ShipTo.Region = "r" },
			"sku":      func(p *workflows.Placement) { p.Lines[0].SKU = "C" },
			"quantity": func(p *workflows.Placement) { p.Lines[0].Quantity = 3 },
			"order":    func(p *workflows.Placement) { p.Lines[0], p.Lines[1] = p.Lines[1], p.Lines[0] },
			"fewer":    func(p *workflows.Placement) { p.Lines = p.Lines[:1] },
			"name":     func(p *workflows.Placement) { p.ShipTo.Name = "m" },
			"line1":    func(p *workflows.Placement) { p.ShipTo.Line1 = "m" },
			"line2":    func(p *workflows.Placement) { p.ShipTo.Line2 = "m" },
			"shifted":  func(p *workflows.Placement) { p.ShipTo.Line1, p.ShipTo.Line2 = "", "l" },
			"city":     func(p *workflows.Placement) { p.ShipTo.City = "m" },
			"postcode": func(p *workflows.Placement) { p.ShipTo.PostalCode = "m" },
			"country":  func(p *workflows.Placement) { p.ShipTo.Country = "FR" },
			"token":    func(p *workflows.Placement) { p.PaymentToken = "other" },
		} {
			p := base()
			change(&p)
			require.Empty(t, seen[Fingerprint(p, "")], name)
			seen[Fingerprint(p, "")] = name
		}
		region, contact := base(), base()
		region.ShipTo.Region = "r"
		for name, f := range map[string]string{"contact": Fingerprint(contact, "r"), "another": Fingerprint(contact, "s"), "both": Fingerprint(region, "r")} {
			require.Empty(t, seen[f], name)
			seen[f] = name
		}
	})
}
