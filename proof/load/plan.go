package load

import (
	"fmt"
	"math/rand/v2"

	"github.com/amends/amends/api/client"
)

// plan is the n-th order of a seed.
type plan struct {
	n       int
	kind    Kind
	key     string
	body    client.PlaceOrder
	sampled bool // see Options.Sample
}

// Payment tokens and postal codes that control the demo shop's provider and
// carrier; see README.md.
const (
	tokenGood        = "tok_visa"
	tokenSlow        = "tok_slow"
	postalGood       = "10115"
	postalNobodyGoes = "00000"
	customersOfALoad = 100
	mostUnitsOfALine = 3
	mostLinesOfOrder = 2
)

// tokensRefused are refused when authorizing, and the last two at the pivot, when
// everything else has to be undone.
var tokensRefused = []string{
	"tok_declined", "tok_insufficient_funds", "tok_expired_card", "tok_capture_declined", "tok_auth_expired",
}

// plan returns the n-th order. It draws as much for every order, so that one kind
// more in the mix does not change the products of the others.
func (o Options) plan(run string, n int) plan {
	draw := rand.New(rand.NewPCG(o.Seed, uint64(n))) //nolint:gosec // an order of a load is meant to be guessable
	p := plan{
		n: n, key: fmt.Sprintf("load-%s-%06d", run, n),
		kind: o.Mix.kind(draw.Float64() * 100), sampled: draw.Float64() < o.Sample,
	}
	p.body = client.PlaceOrder{
		CustomerId: fmt.Sprintf("load-%02d", draw.IntN(customersOfALoad)), Currency: o.Shop.Currency, PaymentToken: tokenGood,
		ShipTo: client.Address{Name: "A. Buyer", Line1: "Hauptstr. 1", City: "Berlin", PostalCode: postalGood, Country: "DE"},
		Lines:  o.lines(draw),
	}
	if o.APIKey != "" {
		p.body.CustomerId = "" // the account
	}
	refused := tokensRefused[draw.IntN(len(tokensRefused))]
	p.body.Style = o.Mix.style(draw.Float64() * 100)
	if o.Hot != nil {
		p.body.Lines = []client.LineRequest{{Sku: o.Hot.SKU, Quantity: 1}}
	}
	switch p.kind {
	case Declined:
		p.body.PaymentToken = refused
	case Slow:
		p.body.PaymentToken = tokenSlow
	case Undeliverable:
		p.body.ShipTo.PostalCode = postalNobodyGoes
	case OutOfStock:
		p.body.Lines = []client.LineRequest{{Sku: o.Shop.SoldOut, Quantity: 1}}
	default: // nothing in the order itself
	}
	return p
}

// lines draws one or two different products.
func (o Options) lines(draw *rand.Rand) []client.LineRequest {
	count := min(1+draw.IntN(mostLinesOfOrder), len(o.Shop.SKUs))
	lines := make([]client.LineRequest, count)
	for i, product := range draw.Perm(len(o.Shop.SKUs))[:count] {
		lines[i] = client.LineRequest{Sku: o.Shop.SKUs[product], Quantity: 1 + draw.Int64N(mostUnitsOfALine)}
	}
	return lines
}
