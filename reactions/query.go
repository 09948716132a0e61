package reactions

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/amends/amends/event"
	"github.com/amends/amends/event/report"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/services/catalog"
	"github.com/amends/amends/services/inventory"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/services/order/erased"
	"github.com/amends/amends/services/payment"
	"github.com/amends/amends/services/query"
	"github.com/amends/amends/services/shipping"
)

// The states of steps in package saga.
const (
	done    = "done"
	refused = "refused"
	undone  = "undone"
)

// steps has the state of the step that each fact about one tells.
var steps = map[string]string{
	catalog.QuotedFact.Type():         done,
	catalog.QuoteRefusedFact.Type():   refused,
	inventory.ReservedFact.Type():     done,
	inventory.RefusedFact.Type():      refused,
	inventory.CommittedFact.Type():    done,
	inventory.ReleasedFact.Type():     undone,
	inventory.TakenBackFact.Type():    done,
	payment.AuthorizedFact.Type():     done,
	payment.DeclinedFact.Type():       refused,
	payment.VoidedFact.Type():         undone,
	payment.CapturedFact.Type():       done,
	payment.CaptureRefusedFact.Type(): refused,
	payment.SettledFact.Type():        undone,
	payment.RefundedFact.Type():       done,
	payment.RefundRefusedFact.Type():  refused,
	payment.RefundSettledFact.Type():  undone,
	payment.InvoiceIssuedFact.Type():  done,
	shipping.BookedFact.Type():        done,
	shipping.RefusedFact.Type():       refused,
	shipping.CancelledFact.Type():     undone,

	order.Reports.Failed.Type():     refused,
	catalog.Reports.Failed.Type():   refused,
	inventory.Reports.Failed.Type(): refused,
	payment.Reports.Failed.Type():   refused,
	shipping.Reports.Failed.Type():  refused,
}

// Followed are the facts that the read model is made of. It does not follow which reactions
// are stuck: the order has the flags; nor erasures: it has no personal data.
func Followed() []event.Declaration {
	all := slices.Concat(order.Facts, catalog.Facts, inventory.Facts, payment.Facts, shipping.Facts)
	return slices.DeleteFunc(all, func(d event.Declaration) bool {
		return d.Type() == erased.Fact.Type() || slices.ContainsFunc(reports, func(f report.Facts) bool {
			return d.Type() == f.Stuck.Type() || d.Type() == f.Recovered.Type()
		})
	})
}

// GoodsOwners are the services whose state facts are products and stock.
func GoodsOwners() []string {
	return []string{catalog.ProductChangedFact.Service, inventory.StockChangedFact.Service}
}

// Query returns the change of the read model that a fact means. Its error is a fault of
// kind bug with code INVALID.
func Query(e event.Event) (query.Change, error) {
	c := query.Change{At: e.Time, Version: e.Sequence}
	var err error
	switch e.Type {
	case order.PlacedFact.Type(), order.ConfirmedFact.Type(), order.CancelledFact.Type(), order.RefundedFact.Type(), order.AttentionChangedFact.Type(),
		order.AbortAskedFact.Type(), order.AbortedFact.Type():
		err = ofOrder(e, &c)
	case catalog.ProductChangedFact.Type():
		var p catalog.ProductData
		p, err = catalog.ProductChangedFact.Read(e)
		c.Product = &query.ProductChange{
			SKU: p.SKU, Name: p.Name, Category: p.Category, Description: p.Description, Price: amount(p.Price), Listed: p.Active && p.Price != nil,
		}
	case inventory.StockChangedFact.Type():
		var s inventory.StockData
		s, err = inventory.StockChangedFact.Read(e)
		c.Stock = &query.Stock{SKU: s.SKU, Warehouse: s.Warehouse, Available: s.Available}
	default:
		err = ofStep(e, &c)
	}
	return c, err
}

// OfOrder reports whether e describes an order.
func OfOrder(e event.Event) bool { return Rank(e) != 1 }

// Rank orders the facts about one order whose times are of several clocks: 0 for its
// placement, 2 for its end, 1 for all others.
func Rank(e event.Event) int {
	switch e.Type {
	case order.PlacedFact.Type():
		return 0
	case order.ConfirmedFact.Type(), order.CancelledFact.Type():
		return 2
	default:
		return 1
	}
}

// ofStep adds the entry of a fact about a step.
func ofStep(e event.Event, c *query.Change) error {
	state, known := steps[e.Type]
	if !known {
		return fault.Errorf(fault.Bug, fault.Invalid, "event %s: the read model does not follow %s", e.ID, e.Type)
	}
	var data struct {
		key.Key
		Code    fault.Code        `json:"code"`
		Held    bool              `json:"held"`
		Parcels []json.RawMessage `json:"parcels"`
	}
	if err := json.Unmarshal(e.Data, &data); err != nil {
		return fault.Errorf(fault.Bug, fault.Invalid, "event %s: its data is not that of %s: %w", e.ID, e.Type, err)
	}
	step := query.Step{Name: data.Step, State: state, Error: data.Code}
	switch state {
	case done:
		step.Exposure = owes(data.Step)
	case undone: // a settle finds that there was none
		step.Blocked = !data.Held && len(data.Parcels) == 0
	}
	c.Entry = &query.NewEntry{OrderID: e.Key, Round: data.Generation, Entry: query.Entry{Fact: name(e.Type), At: e.Time, Step: step}}
	return nil
}

// ofOrder adds the order and, if its saga has begun or ended, the entry of a fact about
// it: the payment service tells of a refund. The time of the entry is that of the order's own record.
func ofOrder(e event.Event, c *query.Change) error {
	var s order.Snapshot
	if err := json.Unmarshal(e.Data, &s); err != nil {
		return fault.Errorf(fault.Bug, fault.Invalid, "event %s: its data is not that of %s: %w", e.ID, e.Type, err)
	}
	c.Order = ofSnapshot(s)
	entry := query.Entry{Fact: name(e.Type), Step: query.Step{State: done}}
	switch e.Type {
	case order.PlacedFact.Type():
		entry.Step.Name, entry.At = "order.create", c.Order.CreatedAt
	case order.ConfirmedFact.Type():
		entry.Step.Name, entry.At, entry.Ends = "order.confirm", c.Order.UpdatedAt, true
	case order.CancelledFact.Type():
		entry.Step.Name, entry.At, entry.Ends = "order.cancel", c.Order.UpdatedAt, true
	default:
		return nil
	}
	c.Entry = &query.NewEntry{OrderID: s.ID, Entry: entry}
	return nil
}

func ofSnapshot(s order.Snapshot) *query.Order {
	o := &query.Order{
		ID: s.ID, CustomerID: s.CustomerID, Account: order.AccountOf(s.ID, s.CustomerID), Status: query.Status(s.Status), Reason: string(s.Reason), Style: cmp.Or(string(s.Style), query.Orchestrated),
		Currency: s.Currency, Total: amount(s.Total), Refunded: amount(s.Refunded), Lines: make([]query.Line, len(s.Lines)),
		DecideBy: micros(s.DecideBy), CreatedAt: micros(s.CreatedAt), UpdatedAt: micros(s.UpdatedAt),
	}
	for i, l := range s.Lines {
		o.Lines[i] = query.Line{SKU: l.SKU, Quantity: l.Quantity, UnitPrice: amount(l.UnitPrice)}
	}
	for _, f := range s.Attention {
		o.Attention = append(o.Attention, query.Flag{
			Step: f.Step, Code: f.Code, Kind: f.Kind, Owed: f.Owed, Since: micros(f.Since), Lasting: f.Lasting, Saga: f.Saga,
		})
	}
	for _, st := range s.Steps {
		o.Steps = append(o.Steps, query.Step{
			Name: st.Name, State: st.State, Attempts: st.Attempts, StartedAt: st.StartedAt, EndedAt: st.EndedAt, Error: st.Error,
		})
	}
	for _, p := range s.Parcels {
		o.Parcels = append(o.Parcels, query.Parcel(p))
	}
	return o
}

// amount returns the zero Amount for none.
func amount(a *money.Amount) money.Amount {
	if a == nil {
		return money.Amount{}
	}
	return *a
}

// micros returns t in UTC with the precision of the databases, so that an order is equal
// whether it was told or read from its row.
func micros(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

// name returns "order.placed" of "amends.order.placed.v1".
func name(eventType string) string {
	parts := strings.Split(eventType, ".")
	if len(parts) != 4 {
		return eventType
	}
	return parts[1] + "." + parts[2]
}
