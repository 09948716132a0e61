package api

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/internal/orders/identity"
	"github.com/amends/amends/services/query"
)

// fakeModel is a read model in memory. Tests tell it facts.
type fakeModel struct {
	// fail is asked before every answer; nil: it answers.
	fail func(ctx context.Context) error

	mu      sync.Mutex
	changed chan struct{}
	orders  map[string]query.Found
	entries map[string][]query.Entry
	filters []query.OrderFilter
	found   query.ProductFilter // the last
	follows int
}

func newModel() *fakeModel {
	return &fakeModel{changed: make(chan struct{}), orders: map[string]query.Found{}, entries: map[string][]query.Entry{}}
}

// followable is a model with a timeline of the orders of the access matrix, and no orders.
func followable() *fakeModel {
	m := newModel()
	for _, id := range []string{accountsOrder, someOrder} {
		m.add(id, entry(1, 1, "order.cancelled", "order.cancel", true))
	}
	return m
}

// modelAsOf is the time of every answer.
var modelAsOf = time.Date(2026, 1, 2, 3, 4, 6, 7_000_000, time.UTC)

// told is an order as the read model has it.
func told(id, customer string, status query.Status, version int64) query.Found {
	account := customer
	if identity.OfGuest(id) {
		account = ""
	}
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	return query.Found{Version: version, AsOf: modelAsOf, Order: query.Order{
		ID: id, CustomerID: customer, Account: account, Status: status, Style: "orchestrated", Currency: "EUR", CreatedAt: at, UpdatedAt: at,
		Lines: []query.Line{{SKU: "MUG-STONEWARE", Quantity: 2, UnitPrice: money.New(1850, "EUR")}}, Total: money.New(3700, "EUR"),
		Steps: []query.Step{{Name: "order.create", State: "done", Attempts: 1, StartedAt: at, EndedAt: at}},
	}}
}

// entry is the nth entry of an order's timeline.
func entry(generation, n int64, fact, step string, ends bool) query.Entry {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	return query.Entry{
		Position: query.Position{Generation: generation, Number: n}, Fact: fact, At: at, Ends: ends,
		Step: query.Step{Name: step, State: "done", Attempts: 1, StartedAt: at, EndedAt: at},
	}
}

// tell gives the model orders.
func (m *fakeModel) tell(all ...query.Found) {
	m.change(func() {
		for _, f := range all {
			m.orders[f.Order.ID] = f
		}
	})
}

// add gives an order entries.
func (m *fakeModel) add(order string, all ...query.Entry) {
	m.change(func() { m.entries[order] = append(m.entries[order], all...) })
}

// rebuild gives an order other entries.
func (m *fakeModel) rebuild(order string, all ...query.Entry) {
	m.change(func() { m.entries[order] = all })
}

func (m *fakeModel) change(f func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f()
	close(m.changed)
	m.changed = make(chan struct{})
}

// down makes the model unavailable.
func (m *fakeModel) down() {
	m.fail = func(context.Context) error {
		return fault.Errorf(fault.Transient, fault.Unavailable, "10.0.0.9 is away")
	}
}

func (m *fakeModel) answer(ctx context.Context) error {
	if m.fail == nil {
		return ctx.Err()
	}
	return m.fail(ctx)
}

func unknown() error { return fault.Errorf(fault.Business, fault.NotFound, "no such order") }

func (m *fakeModel) Order(ctx context.Context, id string) (query.Found, error) {
	if err := m.answer(ctx); err != nil {
		return query.Found{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	f, ok := m.orders[id]
	if !ok {
		return query.Found{}, unknown()
	}
	return f, nil
}

func (m *fakeModel) Orders(ctx context.Context, f query.OrderFilter) (query.OrderPage, error) {
	if err := m.answer(ctx); err != nil {
		return query.OrderPage{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.filters = append(m.filters, f)
	var all []query.Found
	for _, found := range m.orders {
		if (f.CustomerID == "" || f.CustomerID == found.Order.CustomerID) && (f.Account == "" || f.Account == found.Order.Account) {
			all = append(all, found)
		}
	}
	slices.SortFunc(all, func(a, b query.Found) int { return strings.Compare(b.Order.ID, a.Order.ID) })
	from := 0
	if f.Cursor != "" {
		var err error
		if from, err = strconv.Atoi(f.Cursor); err != nil {
			return query.OrderPage{}, fault.Errorf(fault.Business, fault.Invalid, "not a cursor")
		}
	}
	from = max(0, min(from, len(all)))
	to := min(from+f.Limit, len(all))
	page := query.OrderPage{Orders: all[from:to], AsOf: modelAsOf}
	if to < len(all) {
		page.Next = strconv.Itoa(to)
	}
	return page, nil
}

func (m *fakeModel) WaitFor(ctx context.Context, id string, version int64, patience time.Duration) (bool, error) {
	if err := m.answer(ctx); err != nil {
		return false, err
	}
	over := time.NewTimer(patience)
	defer over.Stop()
	for {
		m.mu.Lock()
		reached, changed := m.orders[id].Version >= version, m.changed
		m.mu.Unlock()
		if reached {
			return true, nil
		}
		select {
		case <-changed:
		case <-over.C:
			return false, nil
		case <-ctx.Done():
			return false, ctx.Err()
		}
	}
}

func (m *fakeModel) Timeline(ctx context.Context, id string) ([]query.Entry, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.entries[id], m.answer(ctx)
}

func (m *fakeModel) Follow(ctx context.Context, id string, after query.Position, send func(query.Entry) error) error {
	if err := m.answer(ctx); err != nil {
		return err
	}
	m.mu.Lock()
	m.follows++
	m.mu.Unlock()
	for {
		m.mu.Lock()
		all, changed := m.entries[id], m.changed
		m.mu.Unlock()
		if len(all) == 0 {
			return unknown()
		}
		if all[0].Position.Generation != after.Generation {
			after = query.Position{Generation: all[0].Position.Generation}
		}
		for _, e := range all[after.Number:] {
			if err := send(e); err != nil {
				return err
			}
			after = e.Position
		}
		if all[len(all)-1].Ends {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
		if err := m.answer(ctx); err != nil {
			return err
		}
	}
}

func (m *fakeModel) Products(ctx context.Context, f query.ProductFilter) (query.ProductPage, error) {
	if err := m.answer(ctx); err != nil {
		return query.ProductPage{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.found = f; f.Cursor == "foreign" {
		return query.ProductPage{}, fault.Errorf(fault.Business, fault.Invalid, "not a cursor")
	}
	return query.ProductPage{
		Products: []query.Product{{SKU: "MUG-STONEWARE", Name: "Stoneware mug", Category: "mugs", Price: money.New(1850, "EUR"), Available: 40}},
		Facets: query.Facets{
			Categories: []query.Category{{Name: "mugs", Products: 3}}, InStock: 1, Total: 3,
			Prices: []query.PriceRange{{Min: money.New(999, "EUR"), Max: money.New(1850, "EUR")}},
		},
		Next: "more", AsOf: modelAsOf,
	}, nil
}

func (m *fakeModel) Categories(ctx context.Context) (query.Categories, error) {
	return query.Categories{Categories: []query.Category{{Name: "mugs", Products: 3}}, AsOf: modelAsOf}, m.answer(ctx)
}

func (m *fakeModel) Projections(ctx context.Context) ([]query.Projection, error) {
	return []query.Projection{
		{Name: "orders", Generation: 2, Events: 7, Newest: modelAsOf, Behind: 3, AsOf: modelAsOf, Lag: 1500 * time.Millisecond},
		{Name: "stock", Generation: 2, Behind: -1, AsOf: modelAsOf},
	}, m.answer(ctx)
}
