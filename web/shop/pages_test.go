package shop_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/api/client"
	"github.com/amends/amends/web/browsertest"
)

// alone has a connection for each request: a server that another test closes also closes the
// idle connections of the default transport.
var alone = &http.Client{Timeout: time.Minute, Transport: &http.Transport{DisableKeepAlives: true}}

// TestPagesAreSound opens each page, full and empty, in each look: no violation of
// accessibility, no overflow, no error, no exception of the policy.
func TestPagesAreSound(t *testing.T) {
	t.Parallel()
	done := []string{"done", "done", "done", "done", "done", "done", "done", "done"}
	refunded := sale("CONFIRMED", done...)
	refunded.Refunded = &client.Money{Amount: 1850, Currency: "EUR"}
	refunded.Parcels = []client.Parcel{{Warehouse: "BER", TrackingNumber: "TRACK-0190a6b27d1e8c3f9b5a2f6d8e4c1a70", State: "booked"}}
	declined := sale("CANCELLED", "done", "done", "undone", "refused")
	declined.Reason = new("PAYMENT_DECLINED")
	flagged := sale("PENDING", "done", "done", "done", "flagged")
	flagged.NeedsAttention = true
	fresh := client.Order{Id: orderID, Status: "PENDING", CreatedAt: at, UpdatedAt: at, Source: client.SourceEngine}
	talk := client.Case{Id: caseID, OrderId: orderID, Subject: canary, State: client.Answered, CreatedAt: at, Messages: &[]client.CaseMessage{
		{Author: client.Customer, Text: canary + "\nsecond line", At: at}, {Author: client.Support, Text: "We send another one.", At: at},
	}}
	closed := talk
	closed.State = client.Closed

	for name, page := range map[string]struct {
		path string
		with func(b *testBundle)
	}{
		"Products":       {"/", (*testBundle).goods},
		"ProductsNone":   {"/?q=" + url.QueryEscape(canary) + "&stock=yes&sort=price", func(*testBundle) {}},
		"Product":        {"/products/KETTLE", (*testBundle).goods},
		"ProductOut":     {"/products/OUT?full=yes", (*testBundle).goods},
		"ProductCanary":  {"/products/" + url.PathEscape(canary[:20]), (*testBundle).goods},
		"ProductMissing": {"/products/NONE", func(*testBundle) {}},
		"Cart":           {"/cart", func(b *testBundle) { b.goods(); b.fillCart() }},
		"CartEmpty":      {"/cart", func(*testBundle) {}},
		"CartGone":       {"/cart", func(b *testBundle) { b.goods(); b.fillCart(); b.api.change(func(f *fake) { f.products = nil }) }},
		"Checkout":       {"/checkout", func(b *testBundle) { b.goods(); b.fillCart() }},
		"CheckoutOwn":    {"/checkout", func(b *testBundle) { b.goods(); b.fillCart(); b.signIn() }},
		"Orders": {"/orders", func(b *testBundle) {
			b.signIn()
			b.api.change(func(f *fake) { f.orders = []client.Order{refunded, declined, flagged} })
		}},
		"OrdersNone":      {"/orders?status=PENDING", (*testBundle).signIn},
		"OrdersGuest":     {"/orders?missing=yes", func(*testBundle) {}},
		"OrderPending":    {"/orders/" + orderID, with(sale("PENDING", "done", "done", "done", "running"))},
		"OrderConfirmed":  {"/orders/" + orderID, with(refunded, talk)},
		"OrderCancelled":  {"/orders/" + orderID + "?late=yes", with(declined)},
		"OrderFlagged":    {"/orders/" + orderID, with(flagged)},
		"OrderFresh":      {"/orders/" + orderID + "?late=yes", with(fresh)},
		"Case":            {"/orders/" + orderID + "/cases/" + caseID, with(refunded, talk)},
		"CaseClosed":      {"/orders/" + orderID + "/cases/" + caseID, with(refunded, closed)},
		"SignIn":          {"/sign-in?ended=yes&next=" + url.QueryEscape(canary), func(*testBundle) {}},
		"Register":        {"/register", func(*testBundle) {}},
		"Verify":          {"/verify?sent=yes&token=" + url.QueryEscape(canary), func(*testBundle) {}},
		"Forgot":          {"/forgot", func(*testBundle) {}},
		"Reset":           {"/reset?sent=yes", func(*testBundle) {}},
		"Unavailable":     {"/", func(b *testBundle) { b.refuses("GET", "/v1/products", 503, "UNAVAILABLE") }},
		"German":          {"/?lang=de", (*testBundle).goods},
		"GermanConfirmed": {"/orders/" + orderID + "?lang=de", with(refunded, talk)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			page.with(b)
			b.Check(b.url + page.path)
			b.escapes(t)
		})
	}
}

// with has the shop answer an order, and its cases.
func with(o client.Order, cases ...client.Case) func(*testBundle) {
	return func(b *testBundle) {
		b.api.change(func(f *fake) {
			f.order, f.cases = o, cases
			f.payment = &client.Payment{State: "captured", Amount: client.Money{Amount: 5549, Currency: "EUR"}}
		})
	}
}

func (b *testBundle) refuses(method, path string, status int, code string, wrong ...client.FieldError) {
	b.api.change(func(f *fake) {
		f.refuse[method+" "+path] = client.Problem{Status: status, Code: code, Errors: &wrong}
	})
}

func TestPagesWorkWithoutScripts(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.goods()
	with(sale("PENDING", "done", "running"))(b)
	get := func(path string, header ...string) string {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.url+path, http.NoBody)
		require.NoError(t, err)
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		res, err := alone.Do(r)
		require.NoError(t, err)
		defer res.Body.Close()
		require.Equal(t, "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'", res.Header.Get("Content-Security-Policy"))
		require.Equal(t, "no-store", res.Header.Get("Cache-Control"))
		return read(t, res)
	}
	require.Contains(t, get("/"), "Stoneware mug")
	require.Contains(t, get("/"), "EUR\u00a018.50")
	german := get("/", "Accept-Language", "de-AT")
	require.Contains(t, german, `<html lang="de">`)
	require.Contains(t, german, "18,50\u00a0EUR")
	require.Contains(t, german, "8.900,00\u00a0EUR")
	order := get("/orders/" + orderID)
	require.Contains(t, order, "Price checked")
	require.Contains(t, order, "under way")
	require.Contains(t, get("/orders/"+orderID, "Accept-Language", "de"), "Preis geprüft")
}

func TestTheLanguageIsKept(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.Go(b.url + "/cart")
	require.Contains(t, b.Text(), "Your cart is empty.")
	b.Submit(".languages a")
	require.Equal(t, b.url+"/cart", b.Address(), "the page stays")
	require.Contains(t, b.Text(), "Ihr Warenkorb ist leer.")
	b.Go(b.url + "/register")
	require.Contains(t, b.Text(), "Konto anlegen")
}

func TestPagesAreLight(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.goods()
	with(sale("PENDING", "done", "running"))(b)
	for _, path := range []string{"/", "/products/KETTLE", "/cart", "/orders/" + orderID, "/sign-in"} {
		tab := browsertest.Visit(t)
		tab.Go(b.url + path)
		cost := tab.Cost()
		t.Logf("%s: %d bytes, first paint after %s", path, cost.Bytes, cost.Paint)
		require.Less(t, cost.Bytes, 100_000, path)
	}
}
