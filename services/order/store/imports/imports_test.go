package imports_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/proof/told"
	"github.com/amends/amends/saga/audit"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/services/order/imported"
	"github.com/amends/amends/services/order/store"
	"github.com/amends/amends/services/order/store/imports"
	"github.com/amends/amends/workflows"
)

var at = time.Date(2020, 2, 3, 4, 5, 6, 0, time.UTC)

func sold(id string) imported.Order {
	price := money.New(1850, "EUR")
	return imported.Order{
		ID: id, CustomerID: "cus_42", Status: order.Confirmed, Currency: "EUR", Total: money.New(3700, "EUR"),
		Lines: []order.TakenLine{{SKU: "MUG", Quantity: 2, UnitPrice: &price}}, ShipTo: order.Address{Name: "A. Buyer", Line1: "Hauptstr. 1", City: "Berlin", Country: "DE"},
		CreatedAt: at, UpdatedAt: at.Add(time.Second),
	}
}

func refusedOrder(id string) imported.Order {
	i := sold(id)
	i.Status, i.Reason = order.Cancelled, order.OutOfStock
	return i
}

func TestOrdersAreImportedOnce(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, store.Schema.Migrate, func(t *testing.T, db *gorm.DB) {
		s := store.New(db)
		added, err := imports.Add(t.Context(), db, []imported.Order{sold("b"), refusedOrder("a")})
		require.NoError(t, err)
		require.EqualValues(t, 2, added)
		changed := sold("b")
		changed.CustomerID = "another"
		added, err = imports.Add(t.Context(), db, []imported.Order{changed, refusedOrder("a"), sold("c")})
		require.NoError(t, err)
		require.EqualValues(t, 1, added, "what is here stays as it is")

		got, err := s.Get(t.Context(), "b")
		require.NoError(t, err)
		require.Equal(t, order.Legacy, got.Origin)
		require.Equal(t, "cus_42", got.Placement.CustomerID)
		require.Equal(t, order.Confirmed, got.Status)
		require.Equal(t, at, got.CreatedAt)
		require.Empty(t, told.New(db).Names(t), "nothing is told")
		to, err := s.Address(t.Context(), "b")
		require.NoError(t, err)
		require.Equal(t, "Hauptstr. 1", to.Line1)

		shown, err := workflows.RecordView(got)
		require.NoError(t, err)
		require.EqualValues(t, 1850, shown.Lines[0].UnitPrice.Minor)
		require.NotNil(t, shown.Steps)
		require.NotNil(t, shown.Parcels)
		snapshot := got.Snapshot()
		require.Equal(t, order.Legacy, snapshot.Origin)
		require.EqualValues(t, 1850, snapshot.Lines[0].UnitPrice.Minor)

		page, err := s.Audit(t.Context(), audit.Range{Limit: 10})
		require.NoError(t, err)
		require.Len(t, page.Facts, 3)
		for _, f := range page.Facts {
			require.Empty(t, f.Judge(), f.ID)
			require.Equal(t, order.Legacy, f.Origin)
		}
		require.NoError(t, db.Exec("DELETE FROM order_history WHERE order_id = 'b'").Error)
		page, err = s.Audit(t.Context(), audit.Range{Sagas: []string{"b"}})
		require.NoError(t, err)
		require.NotEmpty(t, page.Facts[0].Judge(), "its history is judged as any")
	})
}

// Another program took its money, so it pays it back; here a refund of it would never end.
func TestAnImportedOrderIsPaidBackWhereItsMoneyWasTaken(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, store.Schema.Migrate, func(t *testing.T, db *gorm.DB) {
		s, ctx := store.New(db), t.Context()
		requirePaidBack := func(minor, added int64) {
			t.Helper()
			i := sold("a")
			i.Refunded = minor
			n, err := imports.Add(ctx, db, []imported.Order{i})
			require.NoError(t, err)
			require.Equal(t, added, n)
		}
		requirePaidBack(700, 1)
		requirePaidBack(900, 1)
		requirePaidBack(900, 0)
		requirePaidBack(0, 0) // an older page
		got, err := s.Get(ctx, "a")
		require.NoError(t, err)
		require.EqualValues(t, 900, got.Refunded)
		shown, err := workflows.RecordView(got)
		require.NoError(t, err)
		require.Equal(t, order.Legacy, shown.Origin)
		page, err := s.Audit(ctx, audit.Range{Limit: 10})
		require.NoError(t, err)
		require.Empty(t, page.Facts[0].Judge())

		k := key.Key{Saga: "a", Step: "order.open_refund", Generation: 1}
		opening := order.RefundOpening{ID: "r", Amount: money.New(1, "EUR"), At: at}
		err = s.OpenRefund(ctx, k, opening)
		require.Equal(t, order.PaidElsewhere, fault.CodeOf(err))
		require.Equal(t, fault.Business, fault.KindOf(err))
		require.NoError(t, s.CloseRefund(ctx, k, order.RefundClosing{Status: order.RefundRefused, Opening: opening, Note: order.RefundNote{ID: "r", At: at}}),
			"its saga ends")
		none, err := s.Refunds(ctx, "a")
		require.NoError(t, err)
		require.Empty(t, none)
	})
}

func TestAnOrderIsNotImported(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*imported.Order){
		"Undecided":          func(i *imported.Order) { i.Status = order.Pending },
		"WithoutAnID":        func(i *imported.Order) { i.ID = "" },
		"WithoutAReason":     func(i *imported.Order) { i.Status = order.Cancelled },
		"WithAStrangeReason": func(i *imported.Order) { i.Status, i.Reason = order.Cancelled, "WEATHER" },
		"InTwoCurrencies":    func(i *imported.Order) { i.Total.Currency = "USD" },
		"PaidBackTwice":      func(i *imported.Order) { i.Refunded = 9999 },
		"WithoutLines":       func(i *imported.Order) { i.Lines = nil },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := sold("a")
			change(&i)
			require.Equal(t, fault.Invalid, fault.CodeOf(i.Validate()))
		})
	}
	require.NoError(t, sold("a").Validate())
}
