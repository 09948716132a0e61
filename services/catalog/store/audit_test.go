package store_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/amends/amends/internal/dbtest"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/services/catalog"
	"github.com/amends/amends/services/catalog/store"
)

func TestAudit(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, store.Migrate, func(t *testing.T, db *gorm.DB) {
		s := setup(t, db)
		_, err := s.Quote(t.Context(), order("quoted"), ask(catalog.Line{SKU: "MUG", Quantity: 2}))
		require.NoError(t, err)
		_, err = s.Quote(t.Context(), order("refused"), ask(catalog.Line{SKU: "NOPE", Quantity: 2}))
		require.Error(t, err)

		page, err := s.Audit(t.Context(), key.Range{Limit: 1})
		require.NoError(t, err)
		require.Len(t, page.Facts, 1)
		total := money.New(3700, "EUR")
		require.Equal(t, &total, page.Facts[0].Total)
		require.Equal(t, "quoted", page.Next)
		page, err = s.Audit(t.Context(), key.Range{After: page.Next, Limit: 1})
		require.NoError(t, err)
		require.Len(t, page.Facts, 1)
		require.Nil(t, page.Facts[0].Total)
		require.Empty(t, page.Next)
	})
}
