package store_test

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/amends/amends/event"
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/proof/told"
	"github.com/amends/amends/services/catalog"
	"github.com/amends/amends/services/catalog/store"
)

func TestImportTellsTheProductsThatItChanges(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, store.Schema.Migrate, func(t *testing.T, db *gorm.DB) {
		s, r := setup(t, db), told.New(db)
		require.Equal(t, []string{"catalog.product_changed KETTLE", "catalog.product_changed MUG"}, r.Names(t))
		require.NoError(t, s.Import(t.Context(), []catalog.Product{mug(), kettle()}))
		require.Empty(t, r.Names(t), "nothing has changed")

		unpriced := mug()
		unpriced.Price, unpriced.Active = catalog.Product{}.Price, false
		unpriced.Description = "Chipped."
		added := catalog.Product{SKU: "APRON", Name: "Apron", Category: "Cups", Active: true}
		require.NoError(t, s.Import(t.Context(), []catalog.Product{unpriced, kettle(), added}))
		events := r.Events(t)
		require.Len(t, events, 2)
		require.Equal(t, productData(added), told.Read(t, catalog.ProductChangedFact, events[0]))
		require.Equal(t, []any{"APRON", "", int64(1)}, []any{events[0].Key, events[0].Correlation, events[0].Sequence})
		require.Equal(t, productData(unpriced), told.Read(t, catalog.ProductChangedFact, events[1]))
		require.Equal(t, int64(2), events[1].Sequence)

		double := []catalog.Product{mug(), mug()}
		require.Error(t, s.Import(t.Context(), double))
		require.Empty(t, r.Names(t))
	})
}

func TestImportsAtOnceTellEachVersionInOrder(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, store.Schema.Migrate, func(t *testing.T, db *gorm.DB) {
		s, r := setup(t, db), told.New(db)
		require.Len(t, r.Events(t), 2)
		var all sync.WaitGroup
		errs := make([]error, 20)
		for i := range errs {
			all.Go(func() {
				p := mug()
				p.Price.Minor = int64(i + 1)
				errs[i] = s.Import(t.Context(), []catalog.Product{p, kettle()})
			})
		}
		all.Wait()
		for _, err := range errs {
			require.NoError(t, err)
		}
		events := r.Events(t)
		require.Len(t, events, 20)
		for i, e := range events {
			require.Equal(t, int64(i+2), e.Sequence)
		}
		p, err := s.Product(t.Context(), "MUG")
		require.NoError(t, err)
		require.Equal(t, productData(p), told.Read(t, catalog.ProductChangedFact, events[19]))
	})
}

func TestQuoteTellsItsRecord(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, store.Schema.Migrate, func(t *testing.T, db *gorm.DB) {
		s, r := setup(t, db), told.New(db)
		require.Len(t, r.Events(t), 2)
		q, err := s.Quote(t.Context(), order("a"), ask(catalog.Line{SKU: "MUG", Quantity: 2}))
		require.NoError(t, err)
		_, err = s.Quote(t.Context(), order("a"), ask(catalog.Line{SKU: "MUG", Quantity: 2}))
		require.NoError(t, err)
		events := r.Events(t)
		require.Len(t, events, 1)
		require.Equal(t, catalog.QuotedData{Key: order("a"), Quote: q}, told.Read(t, catalog.QuotedFact, events[0]))
		require.Equal(t, "a", events[0].Key)

		ctx := event.CausedBy(t.Context(), event.Event{ID: "again"})
		for range 2 {
			_, err = s.Quote(ctx, order("b"), ask(catalog.Line{SKU: "NONE", Quantity: 2}))
			require.Error(t, err)
		}
		events = r.Events(t)
		require.Len(t, events, 2)
		require.NotEqual(t, events[0].ID, events[1].ID)
		for _, e := range events {
			require.Equal(t, catalog.RefusedData{Key: order("b"), Code: catalog.UnknownSKU}, told.Read(t, catalog.QuoteRefusedFact, e))
			require.Equal(t, "again", e.Causation)
		}
	})
}

// productData returns the data of the fact about p. A product without a price has none; one
// that costs nothing has it.
func productData(p catalog.Product) catalog.ProductData {
	d := catalog.ProductData{SKU: p.SKU, Name: p.Name, Category: p.Category, Description: p.Description, Active: p.Active}
	if p.Priced() {
		d.Price = &p.Price
	}
	return d
}
