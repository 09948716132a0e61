package store_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/saga/audit"
	"github.com/amends/amends/services/catalog"
	catalogaudit "github.com/amends/amends/services/catalog/audit"
	"github.com/amends/amends/services/catalog/store"
)

func TestAudit(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, store.Schema.Migrate, func(t *testing.T, db *gorm.DB) {
		s := setup(t, db)
		_, err := s.Quote(t.Context(), order("quoted"), ask(catalog.Line{SKU: "MUG", Quantity: 2}))
		require.NoError(t, err)
		_, err = s.Quote(t.Context(), order("refused"), ask(catalog.Line{SKU: "NOPE", Quantity: 2}))
		require.Error(t, err)

		page, err := s.Audit(t.Context(), audit.Range{Limit: 1})
		require.NoError(t, err)
		require.Len(t, page.Facts, 1)
		total := money.New(3700, "EUR")
		require.Equal(t, &total, page.Facts[0].Total)
		require.Equal(t, "quoted", page.Next)
		page, err = s.Audit(t.Context(), audit.Range{After: page.Next, Limit: 1})
		require.NoError(t, err)
		require.Len(t, page.Facts, 1)
		require.Nil(t, page.Facts[0].Total)
		require.Empty(t, page.Next)
	})
}

// The damage, which no call does, changes the only record of the answer.
func TestAuditFindsAQuoteThatNobodyCanHaveGot(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, store.Schema.Migrate, func(t *testing.T, db *gorm.DB) {
		s := setup(t, db)
		_, err := s.Quote(t.Context(), order("quoted"), ask(catalog.Line{SKU: "MUG", Quantity: 2}))
		require.NoError(t, err)
		fact := func() catalogaudit.Fact {
			page, err := s.Audit(t.Context(), audit.Range{})
			require.NoError(t, err)
			require.Len(t, page.Facts, 1)
			return page.Facts[0]
		}
		require.Empty(t, fact().Answers)
		require.EqualValues(t, 2, fact().Units)
		for _, tc := range []struct{ damage, want string }{
			{`UPDATE barrier SET outcome = replace(outcome, '3700', '3701')`, "catalog.quote: its lines add up to 37.00 EUR, its total is 37.01 EUR"},
			{`UPDATE barrier SET outcome = '{}'`, "catalog.quote: it has no lines"},
			{`UPDATE barrier SET outcome = 'gone'`, "catalog.quote: what it was answered cannot be read"},
		} {
			require.NoError(t, db.Exec(tc.damage).Error)
			require.Equal(t, []string{tc.want}, fact().Answers)
		}
	})
}
