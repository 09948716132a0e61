package demo_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/internal/demo"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/services/catalog"
	catalogstore "github.com/amends/amends/services/catalog/store"
	"github.com/amends/amends/services/inventory"
	inventorystore "github.com/amends/amends/services/inventory/store"
	"github.com/amends/amends/services/user"
	userstore "github.com/amends/amends/services/user/store"
)

func TestARepeatKeepsWhatIsThere(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	db, err := database.Open(ctx, "sqlite:"+filepath.Join(t.TempDir(), "catalog.db"), database.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, database.Close(db)) })
	require.NoError(t, catalogstore.Schema.Migrate(ctx, db))
	c := catalogstore.New(db)
	db, err = database.Open(ctx, "sqlite:"+filepath.Join(t.TempDir(), "inventory.db"), database.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, database.Close(db)) })
	require.NoError(t, inventorystore.Schema.Migrate(ctx, db))
	i := inventorystore.New(db)

	require.NoError(t, demo.Products(ctx, c))
	require.NoError(t, demo.Stock(ctx, i))
	stock, err := i.Stock(ctx, "TEA-EARL-GREY")
	require.NoError(t, err)
	require.Equal(t, []inventory.Stock{
		{SKU: "TEA-EARL-GREY", Warehouse: "AMS", Available: 100_000, Received: 100_000},
		{SKU: "TEA-EARL-GREY", Warehouse: "BER", Available: 100_000, Received: 100_000},
	}, stock)
	stock, err = i.Stock(ctx, "TEA-SOLD-OUT")
	require.NoError(t, err)
	require.Empty(t, stock)
	p, err := c.Product(ctx, "TEA-RETIRED")
	require.NoError(t, err)
	require.False(t, p.Active)

	require.NoError(t, c.Import(ctx, []catalog.Product{
		{SKU: "MUG-STONEWARE", Name: "Mug", Category: "tableware", Price: money.New(2000, "EUR"), Active: true},
	}))
	_, err = i.Receive(ctx, inventory.Delivery{SKU: "TEAPOT-LIMITED", Warehouse: "BER", Quantity: 5, Known: true, By: "clerk"})
	require.NoError(t, err)

	require.NoError(t, demo.Products(ctx, c))
	require.NoError(t, demo.Stock(ctx, i))
	p, err = c.Product(ctx, "MUG-STONEWARE")
	require.NoError(t, err)
	require.Equal(t, int64(2000), p.Price.Minor)
	stock, err = i.Stock(ctx, "TEAPOT-LIMITED")
	require.NoError(t, err)
	require.Equal(t, int64(15), stock[0].Available)
}

func TestAccountsAreKeptInAFileOfTheirOwn(t *testing.T) {
	t.Parallel()
	ctx, file := t.Context(), filepath.Join(t.TempDir(), "demo.json")
	db, err := database.Open(ctx, "sqlite:"+filepath.Join(t.TempDir(), "user.db"), database.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, database.Close(db)) })
	require.NoError(t, userstore.Schema.Migrate(ctx, db))
	s, err := userstore.New(db, userstore.Options{Secret: "a secret of tests that is long enough"})
	require.NoError(t, err)
	read := func() (a demo.Access) {
		access, err := demo.Accounts(ctx, s, file)
		require.NoError(t, err)
		content, err := os.ReadFile(file)
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(content, &a))
		require.Equal(t, a, access)
		return a
	}
	first := read()
	require.Equal(t, first, read())
	info, err := os.Stat(file)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	customer, err := s.CheckKey(ctx, first.APIKey)
	require.NoError(t, err)
	require.Equal(t, first.CustomerID, customer.Account)
	require.False(t, customer.Has(user.Operate))
	operator, err := s.CheckKey(ctx, first.OperatorToken)
	require.NoError(t, err)
	require.True(t, operator.Has(user.Operate))

	require.NoError(t, os.Remove(file))
	second := read()
	require.Equal(t, first.CustomerID, second.CustomerID)
	_, err = s.CheckKey(ctx, first.APIKey)
	require.Error(t, err, "a lost key is revoked")
	_, err = s.CheckKey(ctx, second.APIKey)
	require.NoError(t, err)
}
