package bridge_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/internal/strangle/bridge"
	"github.com/amends/amends/internal/strangle/monolith"
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/proof/monolithtest"
	"github.com/amends/amends/saga/audit"
	"github.com/amends/amends/services/inventory"
	inventorystore "github.com/amends/amends/services/inventory/store"
	"github.com/amends/amends/services/order"
)

const token = "the token of the door"

// alone has a connection for each request: a server that another test closes also closes the
// idle connections of the default transport.
var alone = &http.Client{Timeout: time.Minute, Transport: &http.Transport{DisableKeepAlives: true}}

func call(t *testing.T, url, method, secret, body string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	require.NoError(t, err)
	r.Header.Set("Authorization", "Bearer "+secret)
	res, err := alone.Do(r)
	require.NoError(t, err)
	defer res.Body.Close()
	var answer json.RawMessage
	_ = json.NewDecoder(res.Body).Decode(&answer) // some refusals are words
	return res.StatusCode, string(answer)
}

func TestTheDoorReservesOnce(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, inventorystore.Schema.Migrate, func(t *testing.T, db *gorm.DB) {
		s := inventorystore.New(db)
		_, err := s.Receive(t.Context(), inventory.Delivery{SKU: "MUG", Warehouse: "BER", Quantity: 3, By: "tests"})
		require.NoError(t, err)
		server := httptest.NewServer(bridge.Door{Inventory: s, Token: token, Logger: slog.New(slog.DiscardHandler)}.Handler())
		t.Cleanup(server.Close)
		put := func(order, state string, units int) int {
			status, _ := call(t, server.URL+"/reservations/"+order, http.MethodPut, token, fmt.Sprintf(`{"state":%q,"lines":[{"sku":"MUG","quantity":%d}]}`, state, units))
			return status
		}
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				if got := put("one", "held", 2); got != http.StatusOK {
					t.Errorf("answered %d", got)
				}
			})
		}
		all.Wait()
		require.Equal(t, http.StatusConflict, put("two", "held", 2), "one is left")
		require.Equal(t, http.StatusOK, put("three", "held", 1))
		_, stock := call(t, server.URL+"/stock/MUG", http.MethodGet, token, "")
		require.JSONEq(t, `[{"warehouse":"BER","available":0}]`, stock)
		for range 2 {
			require.Equal(t, http.StatusOK, put("one", "sold", 0))
			require.Equal(t, http.StatusOK, put("two", "released", 0), "of a refusal")
			require.Equal(t, http.StatusOK, put("three", "released", 0))
		}
		require.Equal(t, http.StatusConflict, put("three", "held", 1), "it was given back: a late repeat takes nothing")
		st, err := s.Stock(t.Context(), "MUG")
		require.NoError(t, err)
		require.Equal(t, inventory.Stock{SKU: "MUG", Warehouse: "BER", Available: 1, Committed: 2, Received: 3}, st[0])

		page, err := s.Audit(t.Context(), audit.Range{Limit: 10})
		require.NoError(t, err)
		require.Len(t, page.Facts, 3)
		for _, f := range page.Facts {
			require.True(t, inventory.IsLegacy(f.Saga))
			require.Empty(t, f.JudgeLegacy())
		}
	})
}

func TestTheDoorIsShut(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(bridge.Door{Token: token, Logger: slog.New(slog.DiscardHandler)}.Handler())
	t.Cleanup(server.Close)
	for _, secret := range []string{"", "guess"} {
		status, _ := call(t, server.URL+"/stock/MUG", http.MethodGet, secret, "")
		require.Equal(t, http.StatusUnauthorized, status)
	}
	for body, want := range map[string]int{"{": http.StatusBadRequest, `{"state":"eaten"}`: http.StatusUnprocessableEntity} {
		status, _ := call(t, server.URL+"/reservations/x", http.MethodPut, token, body)
		require.Equal(t, want, status, body)
	}
	shut := httptest.NewServer(bridge.Door{Logger: slog.New(slog.DiscardHandler)}.Handler())
	t.Cleanup(shut.Close)
	status, _ := call(t, shut.URL+"/stock/MUG", http.MethodGet, "", "")
	require.Equal(t, http.StatusUnauthorized, status, "without a token of its own it lets no one in")
}

// addresses answers for the order service.
type addresses struct{}

func (addresses) Address(_ context.Context, id string) (order.Address, error) {
	if id == "gone" {
		return order.Address{}, fault.Errorf(fault.Transient, fault.Unavailable, "not now")
	}
	return order.Address{Name: "A. Buyer", Line1: "of " + id}, nil
}

func snapshot(id string) order.Snapshot {
	total, price := money.New(3700, "EUR"), money.New(1850, "EUR")
	return order.Snapshot{
		ID: id, CustomerID: "cus_1", Status: order.Confirmed, Currency: "EUR", Total: &total,
		Lines: []order.TakenLine{{SKU: "MUG", Quantity: 2, UnitPrice: &price}}, CreatedAt: time.Date(2026, 11, 30, 0, 0, 0, 0, time.UTC),
	}
}

func TestOrdersAreWrittenBack(t *testing.T) {
	t.Parallel()
	m, c := monolithtest.New(t)
	back := bridge.Back{Monolith: c, Orders: addresses{}}
	l := back.Listener()
	require.Equal(t, "legacy", l.Group)

	hear := func(s order.Snapshot, version int64) error {
		return l.Handle(t.Context(), order.ConfirmedFact.At(s.ID, s.ID, version, s))
	}
	for range 3 {
		require.NoError(t, hear(snapshot("one"), 2))
	}
	written, _ := m.Written()
	require.Len(t, written, 1)
	require.EqualValues(t, 3700, written["one"].Total)
	require.EqualValues(t, 1850, written["one"].Lines[0].UnitPrice.Minor)
	require.EqualValues(t, 2, written["one"].Version)

	later := snapshot("one")
	refunded := money.New(700, "EUR")
	later.Refunded = &refunded
	require.NoError(t, l.Handle(t.Context(), order.RefundedFact.At("one", "one", 3, later)))
	require.NoError(t, hear(snapshot("one"), 2), "an older fact comes again")
	written, _ = m.Written()
	require.EqualValues(t, 700, written["one"].Refunded)

	theirs := snapshot("theirs")
	theirs.Origin = order.Legacy
	require.NoError(t, hear(theirs, 1))
	written, _ = m.Written()
	require.NotContains(t, written, "theirs", "it came from there")

	require.Equal(t, fault.Transient, fault.KindOf(hear(snapshot("gone"), 2)), "it is tried again")
	m.Again(1)
	require.Equal(t, fault.Transient, fault.KindOf(hear(snapshot("two"), 2)), "it is tried again")
	m.Again(0)
	stranger, err := monolith.New(m.URL, "a token of yesterday")
	require.NoError(t, err)
	for range 2 { // a rotated token is no fault of an order
		err := bridge.Back{Monolith: stranger, Orders: addresses{}}.Write(t.Context(), snapshot("two"), 2)
		require.Equal(t, fault.Transient, fault.KindOf(err))
	}
	refused := snapshot("three")
	refused.CustomerID = "refused"
	require.Equal(t, fault.Bug, fault.KindOf(hear(refused, 2)), "an operator must look at it")
}

func TestACutBackIsRehearsed(t *testing.T) {
	t.Parallel()
	m, c := monolithtest.New(t)
	back := bridge.Back{Monolith: c, Orders: addresses{}}
	total := money.New(1, "EUR")
	record := func(id string, status order.Status, origin string) order.Record {
		return order.Record{ID: id, Version: 2, Status: status, Origin: origin, Total: &total, Placement: order.Placement{CustomerID: "c", Currency: "EUR"}}
	}
	list := func(_ context.Context, f order.Filter) (all []order.Record, _ error) {
		for _, r := range []order.Record{record("a", order.Confirmed, ""), record("b", order.Pending, ""), record("c", order.Cancelled, ""), record("d", order.Confirmed, order.Legacy)} {
			if r.ID > f.After {
				all = append(all, r)
			}
		}
		return all, nil
	}
	require.NoError(t, back.Write(t.Context(), snapshot("c"), 2))
	r, err := back.Rehearse(t.Context(), list, false)
	require.NoError(t, err)
	require.Equal(t, bridge.Rehearsal{All: 3, Pending: 1, Missing: []string{"a"}}, r)
	r, err = back.Rehearse(t.Context(), list, true)
	require.NoError(t, err)
	require.Equal(t, bridge.Rehearsal{All: 3, Pending: 1, Missing: []string{}, Written: 1}, r)
	r, err = back.Rehearse(t.Context(), list, false)
	require.NoError(t, err)
	require.Empty(t, r.Missing)
	written, _ := m.Written()
	require.Len(t, written, 2)

	list = func(context.Context, order.Filter) ([]order.Record, error) {
		flagged, repaid := record("a", order.Confirmed, ""), record("c", order.Confirmed, "")
		flagged.Version, repaid.Version, repaid.Refunded = 9, 3, 1
		return []order.Record{flagged, repaid}, nil
	}
	r, err = back.Rehearse(t.Context(), list, false)
	require.NoError(t, err)
	require.Equal(t, []string{"c"}, r.Missing, "a refund that never arrived is a loss, a note of operators is none")
	_, err = back.Rehearse(t.Context(), list, true)
	require.NoError(t, err)
	r, err = back.Rehearse(t.Context(), list, false)
	require.NoError(t, err)
	require.Empty(t, r.Missing)
	written, _ = m.Written()
	require.EqualValues(t, 1, written["c"].Refunded)
}
