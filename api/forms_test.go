package api

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/workflows"
)

func TestPlaceOrderTakesEveryCustomersForm(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		body string
		want func(*workflows.Placement)
	}{
		"NoPostalCodeInHongKong": {
			strings.Replace(with(`"postal_code": "10115", `, ""), `"DE"`, `"HK"`, 1),
			func(p *workflows.Placement) { p.ShipTo.PostalCode, p.ShipTo.Country = "", "HK" },
		},
		"AnEmptyPostalCodeInTheEmirates": {
			strings.Replace(with(`"10115"`, `""`), `"DE"`, `"AE"`, 1),
			func(p *workflows.Placement) { p.ShipTo.PostalCode, p.ShipTo.Country = "", "AE" },
		},
		"APostalCodeWhereThereIsNone": {with(`"DE"`, `"AE"`), func(p *workflows.Placement) { p.ShipTo.Country = "AE" }},
		"Kosovo":                      {with(`"DE"`, `"XK"`), func(p *workflows.Placement) { p.ShipTo.Country = "XK" }},
		"ARegion":                     {with(`"line2": ""`, `"region": "CA"`), func(p *workflows.Placement) { p.ShipTo.Region = "CA" }},
		"AnIDOfAProvider":             {with("cus_42", "auth0|64f0c1"), func(p *workflows.Placement) { p.CustomerID = "auth0|64f0c1" }},
		"AnIDWithAnAddress":           {with("cus_42", "user:a.b+c@shop.example"), func(p *workflows.Placement) { p.CustomerID = "user:a.b+c@shop.example" }},
		"ALongToken": {
			with("tok_visa", strings.Repeat("x", 2048)),
			func(p *workflows.Placement) { p.PaymentToken = strings.Repeat("x", 2048) },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			var asked []workflows.Placement
			place := firstWins(t)
			b.temporal.place = func(ctx context.Context, s started) (workflows.PlaceResult, error) {
				asked = append(asked, s.input.Placement)
				return place(ctx, s)
			}
			b.post(t, goodBody)
			answer := b.do(t, http.MethodPost, "/v1/orders", c.body, "Content-Type: application/json", "Idempotency-Key: key-2-of-22-characters")
			require.Equal(t, http.StatusAccepted, answer.StatusCode, answer.text)
			require.Len(t, asked, 2)
			want := asked[0]
			c.want(&want)
			require.NotEqual(t, want.Fingerprint, asked[1].Fingerprint, "it is another request")
			got := asked[1]
			for _, p := range []*workflows.Placement{&got, &want} {
				p.Fingerprint, p.Nonce, p.PlacedAt, p.DecideBy = "", "", time.Time{}, time.Time{}
			}
			require.Equal(t, want, got)
		})
	}
}
