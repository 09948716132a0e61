package own

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"sync"

	"github.com/amends/amends/api/client"
	"github.com/amends/amends/web/shop/ask"
	"github.com/amends/amends/web/shop/cookie"
	"github.com/amends/amends/web/shop/sale"
	"github.com/amends/amends/web/shop/visit"
)

// statuses are those that the list of orders is narrowed down to.
var statuses = []string{"PENDING", "CONFIRMED", "CANCELLED"}

// history is the content of the list of orders.
type history struct {
	client.OrderList

	Status   string
	Statuses []string
	Query    url.Values
	Guest    bool
	NotFound bool // the order that a guest looked for
}

// orders lists the visitor's orders: those of the account, or those that a guest has claims for.
func orders(v *visit.Visit) error {
	h := history{Status: v.R.URL.Query().Get("status"), Statuses: statuses, Query: v.R.URL.Query(), Guest: !v.SignedIn()}
	if h.Guest && !v.Site.Guests {
		v.Enter(v.R.URL.RequestURI())
		return nil
	}
	var err error
	if h.Guest {
		h.Orders, h.NotFound = claimedOrders(v), h.Query.Get("missing") != ""
	} else if h.OrderList, err = ownOrders(v, h.Query); err != nil {
		return err
	}
	return v.Show(http.StatusOK, "orders", v.Words.Text("orders"), h)
}

// ownOrders returns the orders of the account, with the one that was just placed.
func ownOrders(v *visit.Visit, q url.Values) (client.OrderList, error) {
	p := &client.ListOrdersParams{Cursor: visit.Given(q, "cursor"), Limit: new(20)}
	if s := visit.Given(q, "status"); s != nil {
		p.Status = (*client.ListOrdersParamsStatus)(s)
	}
	if seen := visit.Value(v.R, visit.VersionCookie); seen != "" {
		p.AmendsMinVersion = &seen
	}
	list, _, err := ask.Read[client.OrderList](v.API().ListOrders(v.R.Context(), p))
	return list, err //nolint:wrapcheck // it names the operation
}

// claimedOrders returns the newest orders that a guest has claims for. One that cannot be read now is
// left out.
func claimedOrders(v *visit.Visit) (found []client.Order) {
	all := make([]*client.Order, min(len(v.Claims), 10))
	var asked sync.WaitGroup
	for i := range all {
		asked.Go(func() {
			if o, _, err := ask.Read[client.Order](v.API().GetOrder(v.R.Context(), v.Claims[i].Name, nil)); err == nil {
				all[i] = &o
			}
		})
	}
	asked.Wait()
	for _, o := range all {
		if o != nil {
			found = append(found, *o)
		}
	}
	return found
}

// findOrder lets a guest read an order with its number and its code, also in another browser.
func findOrder(v *visit.Visit) error {
	id := v.Form("order")
	v.Claims = v.Claims.With(cookie.Pair{Name: id, Value: v.Form("claim")})
	v.Claim = v.Claims.Of
	if _, _, err := ask.Read[client.Order](v.API().GetOrder(v.R.Context(), id, nil)); err != nil {
		return v.Redirect("/orders?missing=yes")
	}
	v.Keep(visit.ClaimsCookie, v.Claims.String(), visit.Year)
	return v.Redirect("/orders/" + url.PathEscape(id))
}

// receipt is the content of an order's page.
type receipt struct {
	state

	Overview client.OrderOverview
	Cases    []client.Case
	Asked    bool   // the cases could be read
	Claim    string // a guest's
	Key      string // of the next case
	Case     visit.Entry
}

// Name returns the name of a product of the order, which is its SKU if it is not known.
func (r receipt) Name(sku string) string {
	for _, p := range r.Overview.Products {
		if p.Sku == sku {
			return p.Name
		}
	}
	return sku
}

// Sum returns the price of a line, nil before it is known.
func (r receipt) Sum(l client.Line) *client.Money { return sale.Times(l.UnitPrice, l.Quantity) }

// order shows an order, live until it is decided.
func order(v *visit.Visit) error { return showOrder(v, http.StatusOK, caseEntry(v)) }

// receiptOf returns the order of a request with all that belongs to it, but its cases.
func receiptOf(ctx context.Context, v *visit.Visit) (receipt, error) {
	id := v.R.PathValue("id")
	o, _, err := ask.Read[client.OrderOverview](v.API().GetOrderOverview(ctx, id))
	return receipt{state: stateOf(v, o.Order), Overview: o, Claim: v.Claims.Of(id)}, err //nolint:wrapcheck // it names the operation
}

func showOrder(v *visit.Visit, status int, asked visit.Entry) error {
	id := v.R.PathValue("id")
	var cases client.Cases
	var unread error
	var beside sync.WaitGroup
	beside.Go(func() { cases, _, unread = ask.Read[client.Cases](v.API().ListOrderCases(v.R.Context(), id)) })
	r, err := receiptOf(v.R.Context(), v)
	beside.Wait()
	if err != nil {
		return err
	}
	r.Cases, r.Asked, r.Key, r.Case = cases.Cases, unread == nil, cookie.NewKey(), asked
	stream := ""
	if r.Order.Status == pending {
		stream = "/orders/" + id + "/live"
	}
	return v.ShowLive(status, "order", v.Words.Text("order"), stream, r)
}

// cancel asks for the cancel of an order, as often as the visitor likes.
func cancel(v *visit.Visit) error {
	id := v.R.PathValue("id")
	_, _, err := ask.Read[client.Order](v.API().CancelOrder(v.R.Context(), id, client.CancelOrder{}))
	if ask.CodeOf(err) == "PAST_PIVOT" {
		return v.Redirect("/orders/" + id + "?late=yes")
	}
	if err != nil {
		return err
	}
	return v.Redirect("/orders/" + id)
}

// invoice answers the API's page of an order's invoice, for guests, too.
func invoice(v *visit.Visit) error {
	lang := client.GetInvoiceParamsLang(v.Words.Lang)
	asPage := func(_ context.Context, r *http.Request) error { r.Header.Set("Accept", "text/html"); return nil }
	res, err := v.API().GetInvoice(v.R.Context(), v.R.PathValue("id"), &client.GetInvoiceParams{Lang: &lang}, asPage)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }() // it is read
	h := v.W.Header()
	for _, name := range []string{"Content-Type", "Content-Language", "Content-Security-Policy", "Cache-Control", "Retry-After"} {
		if value := res.Header.Get(name); value != "" {
			h.Set(name, value)
		}
	}
	v.W.WriteHeader(res.StatusCode)
	_, err = io.Copy(v.W, res.Body)
	return err //nolint:wrapcheck // the client left
}
