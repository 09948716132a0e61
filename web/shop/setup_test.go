package shop_test

import (
	"log/slog"
	"net/http/httptest"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/api/client"
	"github.com/amends/amends/web/browsertest"
	"github.com/amends/amends/web/shop"
	"github.com/amends/amends/web/shop/visit"
)

func TestMain(m *testing.M) { os.Exit(browsertest.Run(m)) }

// testBundle is a shop whose API is a fake, and a visitor's tab.
type testBundle struct {
	*browsertest.Tab

	api *fake
	url string
}

func setup(t *testing.T) *testBundle {
	t.Helper()
	b := serve(t)
	b.Tab = browsertest.Visit(t)
	return b
}

// serve returns a shop for visitors without a browser.
func serve(t *testing.T) *testBundle {
	t.Helper()
	b := &testBundle{api: &fake{refuse: map[string]client.Problem{}, events: make(chan struct{})}}
	server := httptest.NewServer(shop.New(visit.Site{API: b.api, Guests: true, Tokens: []string{"tok_visa", "tok_slow"}, Log: slog.New(slog.DiscardHandler)}))
	t.Cleanup(server.Close)
	b.url = server.URL
	return b
}

// goods fills the shop, with texts of all kinds.
func (b *testBundle) goods() {
	b.api.change(func(f *fake) {
		eur := func(n int64) client.Money { return client.Money{Amount: n, Currency: "EUR"} }
		f.products = []client.ListedProduct{
			{Sku: "MUG-STONEWARE", Name: "Stoneware mug", Category: "tableware", Description: "Holds 300 ml.", Price: eur(1850), Available: 100},
			{Sku: "KETTLE", Name: "Steel kettle", Category: "kitchen", Description: canary, Price: eur(890000), Available: 3},
			{Sku: "OUT", Name: "Donaudampfschifffahrtsgesellschaftskapitänstee aus erster Pflückung", Category: "tea", Price: eur(999), Available: 0},
			{Sku: canary[:20], Name: canary, Category: canary, Description: "x", Price: eur(1), Available: 50},
		}
		f.next = new("more")
	})
}

// sale is an order with its steps in some states.
func sale(status string, states ...string) client.Order {
	names := []string{"order.create", "catalog.quote", "inventory.reserve", "payment.authorize", "shipping.book", "payment.capture", "inventory.commit", "order.confirm"}
	eur := func(n int64) *client.Money { return &client.Money{Amount: n, Currency: "EUR"} }
	o := client.Order{
		Id: orderID, Status: status, Currency: new("EUR"), Total: eur(5549), CreatedAt: at, UpdatedAt: at, Source: client.SourceWorkflow, Style: client.Orchestrated,
		Lines: []client.Line{{Sku: "MUG-STONEWARE", Quantity: 3, UnitPrice: eur(1850)}, {Sku: canary, Quantity: 1, UnitPrice: eur(1)}},
	}
	for i, name := range names {
		state := "waiting"
		if i < len(states) {
			state = states[i]
		}
		o.Steps = append(o.Steps, client.Step{Name: name, State: state, Attempts: 1})
	}
	return o
}

// signIn signs the visitor in through the form.
func (b *testBundle) signIn() {
	b.Go(b.url + "/sign-in")
	b.Fill("#email", "ada@example.com")
	b.Fill("#password", "correct horse")
	b.Submit("main form button")
}

// fillCart puts a mug into the cart.
func (b *testBundle) fillCart() {
	b.Go(b.url + "/products/MUG-STONEWARE")
	b.Submit("main form button")
}

func (b *testBundle) escapes(t *testing.T) {
	t.Helper()
	require.False(t, browsertest.Eval[bool](b.Tab, "'ran' in window"))
	require.Zero(t, browsertest.Eval[int](b.Tab, "document.querySelectorAll('main script, main img[src=x]').length"))
}
