package store_test

import (
	"context"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/services/catalog"
	"github.com/amends/amends/services/catalog/store"
)

func mug() catalog.Product {
	return catalog.Product{SKU: "MUG", Name: "Stoneware mug", Category: "Cups", Description: "Holds 300 ml.", Price: money.New(1850, "EUR"), Active: true}
}

func kettle() catalog.Product {
	return catalog.Product{SKU: "KETTLE", Name: "Steel kettle", Category: "Kettles", Price: money.New(8900, "EUR"), Active: true}
}

// setup returns a catalog with a mug and a kettle.
func setup(t *testing.T, db *gorm.DB) *store.Store {
	t.Helper()

	s := store.New(db)
	require.NoError(t, s.Import(t.Context(), []catalog.Product{mug(), kettle()}))
	return s
}

func order(saga string) key.Key { return key.New(saga, "catalog.quote") }

func ask(lines ...catalog.Line) catalog.QuoteRequest {
	return catalog.QuoteRequest{Currency: "EUR", Lines: lines}
}

func TestQuote(t *testing.T) {
	t.Parallel()

	two := ask(catalog.Line{SKU: "MUG", Quantity: 2}, catalog.Line{SKU: "KETTLE", Quantity: 1})
	want := catalog.Quote{
		Lines: []catalog.PricedLine{
			{SKU: "MUG", Quantity: 2, UnitPrice: money.New(1850, "EUR")},
			{SKU: "KETTLE", Quantity: 1, UnitPrice: money.New(8900, "EUR")},
		},
		Total: money.New(12600, "EUR"),
	}

	dbtest.Each(t, store.Schema.Migrate, func(t *testing.T, db *gorm.DB) {
		s := setup(t, db)

		t.Run("PricesWhatIsFree", func(t *testing.T) {
			free := catalog.Product{SKU: "LEAFLET", Name: "Leaflet", Category: "Print", Price: money.New(0, "EUR"), Active: true}
			require.NoError(t, s.Import(t.Context(), []catalog.Product{free}))
			got, err := s.Product(t.Context(), "LEAFLET")
			require.NoError(t, err)
			require.Equal(t, free, got)
			quote, err := s.Quote(t.Context(), order("free"), ask(catalog.Line{SKU: "LEAFLET", Quantity: 3}))
			require.NoError(t, err)
			require.Equal(t, money.New(0, "EUR"), quote.Total)
		})

		t.Run("PricesTheLines", func(t *testing.T) {
			got, err := s.Quote(t.Context(), order("prices"), two)
			require.NoError(t, err)
			require.Equal(t, want, got)
		})

		t.Run("AnswersTheRecordAfterPricesChangeAndProductsRetire", func(t *testing.T) {
			_, err := s.Quote(t.Context(), order("recorded"), two)
			require.NoError(t, err)

			dearer, retired := mug(), kettle()
			dearer.Price.Minor, retired.Active = 9999, false
			require.NoError(t, s.Import(t.Context(), []catalog.Product{dearer, retired}))

			got, err := s.Quote(t.Context(), order("recorded"), two)
			require.NoError(t, err)
			require.Equal(t, want, got)

			_, err = s.Quote(t.Context(), order("new"), two)
			require.Equal(t, catalog.UnknownSKU, fault.CodeOf(err), "a new saga sees the kettle retired")
			got, err = s.Quote(t.Context(), order("newer"), ask(catalog.Line{SKU: "MUG", Quantity: 1}))
			require.NoError(t, err)
			require.Equal(t, money.New(9999, "EUR"), got.Total, "a new saga sees the new price")

			require.NoError(t, s.Import(t.Context(), []catalog.Product{mug(), kettle()}))
			_, err = s.Quote(t.Context(), order("new"), two)
			require.Equal(t, catalog.UnknownSKU, fault.CodeOf(err), "its refusal stays when the kettle is back")
			require.Equal(t, fault.Business, fault.KindOf(err))
		})

		t.Run("RefusesAKeyThatAskedSomethingElse", func(t *testing.T) {
			_, err := s.Quote(t.Context(), order("reused"), two)
			require.NoError(t, err)
			dollars := two
			dollars.Currency = "USD"
			for _, other := range []catalog.QuoteRequest{
				dollars,
				ask(two.Lines[0]),
				ask(two.Lines[1], two.Lines[0]),
				ask(catalog.Line{SKU: "MUG", Quantity: 3}, two.Lines[1]),
			} {
				_, err = s.Quote(t.Context(), order("reused"), other)
				require.Equal(t, fault.Mismatch, fault.CodeOf(err))
			}
		})

		for code, req := range map[fault.Code]catalog.QuoteRequest{
			catalog.UnknownSKU:       ask(catalog.Line{SKU: "SPOON", Quantity: 1}),
			catalog.CurrencyMismatch: {Currency: "USD", Lines: []catalog.Line{{SKU: "MUG", Quantity: 1}}},
			catalog.AmountOverflow:   ask(catalog.Line{SKU: "MUG", Quantity: 1 << 62}),
			fault.Invalid:            ask(catalog.Line{SKU: "MUG"}),
		} {
			t.Run("RefusesTwiceAlike/"+string(code), func(t *testing.T) {
				_, first := s.Quote(t.Context(), order(string(code)), req)
				_, second := s.Quote(t.Context(), order(string(code)), req)
				require.Equal(t, code, fault.CodeOf(first))
				require.Equal(t, fault.Business, fault.KindOf(first))
				require.Equal(t, fault.Of(first).Message, fault.Of(second).Message)
				require.Equal(t, fault.Of(first).Code, fault.Of(second).Code)
			})
		}
	})
}

// While one goroutine doubles and halves both prices, a quote of one of each must
// have both old or both new prices, and all quotes under one key are one quote.
func TestQuoteSeesOneMoment(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, store.Schema.Migrate, func(t *testing.T, db *gorm.DB) {
		s := setup(t, db)
		dear := []catalog.Product{mug(), kettle()}
		for i := range dear {
			dear[i].Price.Minor *= 2
		}
		ctx, stop := context.WithCancel(t.Context())
		var imports, quotes sync.WaitGroup
		imports.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				products := dear
				if i%2 == 1 {
					products = []catalog.Product{mug(), kettle()}
				}
				_ = s.Import(ctx, products) // one that loses a lock comes again
			}
		})

		const callers = 20
		got := make([]catalog.Quote, callers)
		errs := make([]error, callers)
		for i := range callers {
			quotes.Go(func() {
				got[i], errs[i] = s.Quote(t.Context(), order("moment"), ask(
					catalog.Line{SKU: "MUG", Quantity: 1}, catalog.Line{SKU: "KETTLE", Quantity: 1}))
			})
		}
		quotes.Wait()
		stop()
		imports.Wait()

		answered := 0
		for i, q := range got {
			if fault.KindOf(errs[i]) == fault.Transient {
				continue // lost a lock: the saga would retry
			}
			require.NoError(t, errs[i])
			require.Contains(t, []int64{10750, 21500}, q.Total.Minor)
			answered++
		}
		require.Positive(t, answered)
		final, err := s.Quote(t.Context(), order("moment"), ask(
			catalog.Line{SKU: "MUG", Quantity: 1}, catalog.Line{SKU: "KETTLE", Quantity: 1}))
		require.NoError(t, err)
		for i, q := range got {
			if errs[i] == nil {
				require.Equal(t, final, q)
			}
		}
	})
}

// TestAKeyThatDoesNotFitIsABug: PostgreSQL takes no NUL byte, and a saga that
// repeated it would repeat it for ever.
func TestAKeyThatDoesNotFitIsABug(t *testing.T) {
	t.Parallel()

	db := dbtest.Open(t, dbtest.Postgres(t), database.Options{})
	require.NoError(t, store.Schema.Migrate(t.Context(), db))
	_, err := setup(t, db).Quote(t.Context(), order("\x00"), ask(catalog.Line{SKU: "MUG", Quantity: 1}))
	require.Equal(t, fault.Bug, fault.KindOf(err), "%v", err)
	require.Equal(t, fault.Invalid, fault.CodeOf(err), "%v", err)
}
