package rpc_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"gorm.io/gorm"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/proof/rpctest"
	"github.com/amends/amends/services/catalog"
	"github.com/amends/amends/services/catalog/rpc"
	"github.com/amends/amends/services/catalog/store"
)

// The contract of [catalog.Direct] holds in the service's process and over a connection.
func TestContract(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, store.Schema.Migrate, func(t *testing.T, db *gorm.DB) {
		s := store.New(db)
		remote := rpc.NewClient(rpctest.Connect(t, func(r grpc.ServiceRegistrar) { rpc.Register(r, s) }))
		for name, d := range map[string]catalog.Direct{"Store": s, "Client": remote} {
			t.Run(name, func(t *testing.T) { contract(t, d, name+"-") })
		}
	})
}

func contract(t *testing.T, d catalog.Direct, own string) {
	ctx := rpctest.Context(t)
	free := catalog.Product{SKU: own + "1", Name: "Leaflet", Category: "paper", Price: money.New(0, "EUR"), Active: true}
	unpriced := catalog.Product{SKU: own + "2", Name: "Käse", Category: "food"}
	priced := catalog.Product{SKU: own + "3", Name: "Mug", Category: "tableware", Description: "Holds 300 ml.", Price: money.New(1850, "EUR"), Active: true}
	require.NoError(t, d.Import(ctx, []catalog.Product{priced, free, unpriced}))

	t.Run("ReturnsAProductAsItIs", func(t *testing.T) {
		for _, want := range []catalog.Product{free, unpriced, priced} {
			got, err := d.Product(ctx, want.SKU)
			require.NoError(t, err)
			require.Equal(t, want, got)
		}
		_, err := d.Product(ctx, own+"never")
		require.Equal(t, fault.NotFound, fault.CodeOf(err))
		require.Equal(t, fault.Business, fault.KindOf(err))
	})
	t.Run("ReturnsPagesBySKU", func(t *testing.T) {
		page, err := d.Products(ctx, own, 2)
		require.NoError(t, err)
		require.Equal(t, []catalog.Product{free, unpriced}, page)
		page, err = d.Products(ctx, unpriced.SKU, 1)
		require.NoError(t, err)
		require.Equal(t, []catalog.Product{priced}, page)
		page, err = d.Products(ctx, "~", 1)
		require.NoError(t, err)
		require.Equal(t, []catalog.Product{}, page)
		for _, limit := range []int{-1, 0, catalog.MaxPage + 1} {
			_, err = d.Products(ctx, "", limit)
			require.Equal(t, fault.Invalid, fault.CodeOf(err), limit)
		}
	})
	t.Run("ImportsAllOrNone", func(t *testing.T) {
		changed, broken := priced, free
		changed.Price.Minor, broken.Name = 1, ""
		err := d.Import(ctx, []catalog.Product{changed, broken})
		require.Equal(t, fault.Invalid, fault.CodeOf(err))
		require.ErrorContains(t, err, free.SKU)
		got, err := d.Product(ctx, priced.SKU)
		require.NoError(t, err)
		require.Equal(t, priced, got)
		require.NoError(t, d.Import(ctx, nil))
	})
}

// An import that no message can carry is one import all the same.
func TestALargeImportIsAllOrNone(t *testing.T) {
	t.Parallel()
	db := dbtest.Open(t, dbtest.SQLite(t), database.Options{})
	require.NoError(t, store.Schema.Migrate(t.Context(), db))
	s := store.New(db)
	c := rpc.NewClient(rpctest.Connect(t, func(r grpc.ServiceRegistrar) { rpc.Register(r, s) }))

	products := make([]catalog.Product, 4000)
	for i := range products {
		long := strings.Repeat("\u4e2d", 190)
		products[i] = catalog.Product{SKU: fmt.Sprintf("%s%04d", long, i), Name: long, Category: long}
	}
	last := &products[len(products)-1]
	last.Name = ""
	require.Equal(t, fault.Invalid, fault.CodeOf(c.Import(rpctest.Context(t), products)))
	none, err := s.Products(t.Context(), "", 1)
	require.NoError(t, err)
	require.Empty(t, none)

	last.Name = "there"
	require.NoError(t, c.Import(rpctest.Context(t), products))
	got, err := c.Product(rpctest.Context(t), last.SKU)
	require.NoError(t, err)
	require.Equal(t, *last, got)
	page, err := c.Products(rpctest.Context(t), "", catalog.MaxPage)
	require.NoError(t, err)
	require.Len(t, page, catalog.MaxPage)
}
