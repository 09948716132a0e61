package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/services/catalog"
	"github.com/amends/amends/services/catalog/store"
)

func TestImport(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, store.Schema.Migrate, func(t *testing.T, db *gorm.DB) {
		s := setup(t, db)
		updatedAt := func(t *testing.T, sku string) time.Time {
			t.Helper()

			var at time.Time
			require.NoError(t, db.Raw("SELECT updated_at FROM products WHERE sku = ?", sku).Scan(&at).Error)
			require.False(t, at.IsZero())
			return at
		}

		t.Run("InsertsAndReplaces", func(t *testing.T) {
			changed := mug()
			changed.Name, changed.Category, changed.Description, changed.Active = "Mug, chipped", "Second choice", "", false
			changed.Price = money.Amount{}
			require.NoError(t, s.Import(t.Context(), []catalog.Product{changed}))

			got, err := s.Product(t.Context(), "MUG")
			require.NoError(t, err)
			require.Equal(t, changed, got)
			got, err = s.Product(t.Context(), "KETTLE")
			require.NoError(t, err)
			require.Equal(t, kettle(), got, "what the import does not name stays")
		})

		t.Run("ChangesNothingTwice", func(t *testing.T) {
			require.NoError(t, s.Import(t.Context(), []catalog.Product{mug(), kettle()}))
			mugAt, kettleAt := updatedAt(t, "MUG"), updatedAt(t, "KETTLE")

			for _, change := range []func(*catalog.Product){
				func(p *catalog.Product) { p.Price.Minor++ }, func(p *catalog.Product) { p.Description = "Boils." }, func(p *catalog.Product) { p.Description = "" },
			} {
				other := kettle()
				change(&other)
				require.NoError(t, s.Import(t.Context(), []catalog.Product{mug(), other}))
				require.Equal(t, mugAt, updatedAt(t, "MUG"))
				require.True(t, updatedAt(t, "KETTLE").After(kettleAt))
				kettleAt = updatedAt(t, "KETTLE")
			}
		})

		t.Run("IsAllOrNothing", func(t *testing.T) {
			before, err := s.Product(t.Context(), "MUG")
			require.NoError(t, err)
			cheaper, bad := mug(), kettle()
			cheaper.Price.Minor, bad.Price.Minor = 1, -1
			for _, products := range [][]catalog.Product{{cheaper, bad}, {cheaper, kettle(), cheaper}} {
				err = s.Import(t.Context(), products)
				require.Equal(t, fault.Invalid, fault.CodeOf(err))
				after, err := s.Product(t.Context(), "MUG")
				require.NoError(t, err)
				require.Equal(t, before, after)
			}
		})

		t.Run("TakesMoreThanOneStatementHolds", func(t *testing.T) {
			var products []catalog.Product
			for i := range 1203 {
				p := mug()
				p.SKU, p.Category = fmt.Sprintf("BULK-%04d", i), fmt.Sprintf("Shelf %04d", i)
				products = append(products, p)
			}
			require.NoError(t, s.Import(t.Context(), products))
			for _, i := range []int{0, 499, 500, 1202} {
				got, err := s.Product(t.Context(), products[i].SKU)
				require.NoError(t, err)
				require.Equal(t, products[i], got)
			}
		})

		t.Run("AcceptsNothing", func(t *testing.T) {
			require.NoError(t, s.Import(t.Context(), nil))
		})
	})
}

func TestProductNotFound(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, store.Schema.Migrate, func(t *testing.T, db *gorm.DB) {
		_, err := store.New(db).Product(t.Context(), "SPOON")
		require.Equal(t, fault.NotFound, fault.CodeOf(err))
		require.Equal(t, fault.Business, fault.KindOf(err))
	})
}
