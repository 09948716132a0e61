package orders

import (
	"crypto/rand"
	"net/url"
	"slices"
	"sync"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/web/console/ask"
	"github.com/amends/amends/web/console/visit"
	"github.com/amends/amends/web/console/words"
)

// readOrder asks for all that is known of an order.
func readOrder(v *visit.Visit) (orderData, error) {
	d := orderData{Token: v.Token(), Key: rand.Text(), Role: v.Who.Role}
	var timeline contract.Timeline
	var refunds contract.Refunds
	var messages contract.Notifications
	missing, err := readParts(v, &d.OperatorsOrder, map[string]any{
		"timeline": &timeline, "holdings": &d.Holdings, "refunds": &refunds, "notifications": &messages,
	})
	if err != nil {
		return d, err
	}
	for _, m := range words.Deref(d.Holdings.Missing) {
		missing = append(missing, m.Part)
	}
	slices.Sort(missing)
	d.RefundKey, d.Missing = v.Intents.Key(v.Who.Name, d.Id), missing
	d.Ledger = ledgerOf(words.Deref(d.Holdings.Postings))
	d.Stock, d.Parcels = stockOf(words.Deref(d.Holdings.Reservations)), parcelsOf(d.Holdings.Shipments)
	d.Timeline, d.Refunds, d.Messages = timeline.Entries, refunds.Refunds, messages.Notifications
	d.draw(v.Config.Now())
	d.Log = logOf(d.OperatorsOrder, d.Timeline)
	if v.Config.Engine != "" && d.Style != "choreographed" {
		d.Engine = v.Config.Engine + "/workflows/" + url.PathEscape("order-"+d.Id)
	}
	return d, nil
}

// readParts asks for the order of a page and for its parts, at the same time, and names the parts
// that do not answer. One that the order does not have is not missing.
func readParts(v *visit.Visit, order *contract.OperatorsOrder, parts map[string]any) (missing []string, failed error) {
	path := "/v1/orders/" + url.PathEscape(v.R.PathValue("id"))
	calls := []func(){func() { failed = v.Admin.Get(v.Ctx(), path, nil, order) }}
	var mu sync.Mutex
	for name, out := range parts {
		calls = append(calls, func() {
			if err := v.Admin.Get(v.Ctx(), path+"/"+name, nil, out); err != nil && ask.CodeOf(err) != "NOT_FOUND" {
				mu.Lock()
				defer mu.Unlock()
				missing = append(missing, name)
			}
		})
	}
	if err := v.Admin.Together(calls...); err != nil {
		return nil, err //nolint:wrapcheck // it names the failure
	}
	return missing, failed
}
