package orders

import (
	"net/url"
	"slices"
	"strings"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/web/console/ask"
	"github.com/amends/amends/web/console/visit"
	"github.com/amends/amends/web/console/words"
)

// filters are the parameters of the list, which are those of the operation.
var filters = []string{"status", "style", "customer_id", "sku", "reason", "min_age", "needs_attention", "q", "cursor"}

// reasons are those for which an order is cancelled.
var reasons = []string{"UNKNOWN_SKU", "CURRENCY_MISMATCH", "OUT_OF_STOCK", "PAYMENT_DECLINED", "UNDELIVERABLE", "CUSTOMER_REQUEST", "DEADLINE", "INTERNAL"}

// ordersData fills in the list of orders.
type ordersData struct {
	Query    url.Values
	Filtered bool
	Reasons  []string
	Orders   []contract.Order
	Next     string
	Wrong    string // why the list cannot be shown
	Acts     bool
	Token    string
}

// List answers with the list of orders, by the filters of its address.
func List(v *visit.Visit) error {
	q := url.Values{}
	for _, name := range filters {
		if value := strings.TrimSpace(v.R.URL.Query().Get(name)); value != "" {
			q.Set(name, value)
		}
	}
	d := ordersData{Query: q, Reasons: reasons, Acts: v.Who.Acts(), Token: v.Token()}
	d.Filtered = slices.ContainsFunc(filters, func(name string) bool { return name != "cursor" && q.Has(name) })
	asked := url.Values{"limit": {"50"}}
	for name := range q {
		asked.Set(name, q.Get(name))
	}
	var list contract.OrderList
	if err := v.Admin.Get(v.Ctx(), "/v1/orders", asked, &list); err != nil {
		if ask.StatusOf(err) == 401 {
			return err //nolint:wrapcheck // a problem
		}
		d.Wrong = visit.Wrong(err)
	}
	d.Orders, d.Next = list.Orders, words.Deref(list.NextCursor)
	return v.Show("orders", "Orders", d)
}
