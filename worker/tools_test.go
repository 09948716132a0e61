package worker

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/services/catalog"
	catalogstore "github.com/amends/amends/services/catalog/store"
	"github.com/amends/amends/services/inventory"
	inventorystore "github.com/amends/amends/services/inventory/store"
)

func TestMigrateTwiceIsOnce(t *testing.T) {
	t.Parallel()
	o := options(t, Names()...)
	require.NoError(t, Migrate(t.Context(), o))
	require.NoError(t, Migrate(t.Context(), o))
	for _, row := range registry {
		require.NoError(t, with(t.Context(), o, row.name, func(s *stores) error { return s.ready(t.Context()) }))
	}
}

func TestSeedKeepsWhatIsThere(t *testing.T) {
	t.Parallel()
	o := options(t, "catalog", "inventory")
	require.NoError(t, Migrate(t.Context(), o))
	require.NoError(t, Seed(t.Context(), o))
	require.Equal(t, []inventory.Stock{
		{SKU: "TEA-EARL-GREY", Warehouse: "AMS", Available: 100_000, Received: 100_000},
		{SKU: "TEA-EARL-GREY", Warehouse: "BER", Available: 100_000, Received: 100_000},
	}, stockOf(t, o, "TEA-EARL-GREY"))
	require.Empty(t, stockOf(t, o, "TEA-SOLD-OUT"))
	require.False(t, product(t, o, "TEA-RETIRED").Active)

	dearer := strings.NewReader(`[{"sku":"MUG-STONEWARE","name":"Mug","category":"tableware","price":{"amount":2000,"currency":"EUR"},"active":true}]`)
	_, err := ImportCatalog(t.Context(), o, dearer)
	require.NoError(t, err)
	_, err = ReceiveStock(t.Context(), o, "TEAPOT-LIMITED", "BER", 5, false)
	require.NoError(t, err)

	require.NoError(t, Seed(t.Context(), o))
	require.Equal(t, int64(2000), product(t, o, "MUG-STONEWARE").Price.Minor)
	require.Equal(t, int64(15), stockOf(t, o, "TEAPOT-LIMITED")[0].Available)
}

func TestImportCatalog(t *testing.T) {
	t.Parallel()
	o := options(t, "catalog")
	require.NoError(t, Migrate(t.Context(), o))

	n, err := ImportCatalog(t.Context(), o, strings.NewReader(`[
		{"sku":"A","name":"A","category":"c","price":{"amount":1,"currency":"EUR"},"active":true},
		{"sku":"B","name":"B","category":"c","price":{"amount":2,"currency":"EUR"},"active":false}]`))
	require.NoError(t, err)
	require.Equal(t, 2, n)
	require.Equal(t, int64(2), product(t, o, "B").Price.Minor)

	for file, want := range map[string]string{
		``:             "read products, a JSON array: EOF",
		`{}`:           "read products, a JSON array: json: cannot unmarshal object",
		`[] []`:        "read products: there is more behind the JSON array",
		`[{"skuu":1}]`: `unknown field "skuu"`,
		`[{"sku":"C","name":"C","category":"c","price":{"amount":1,"currency":"EUR"},"active":true},{"sku":"D"}]`: `INVALID: product "D"`,
	} {
		_, err := ImportCatalog(t.Context(), o, strings.NewReader(file))
		require.ErrorContains(t, err, want)
	}
	require.Empty(t, product(t, o, "C").SKU, "all or none")
}

func TestReceiveStockRefusesNothing(t *testing.T) {
	t.Parallel()
	o := options(t, "inventory")
	require.NoError(t, Migrate(t.Context(), o))
	for _, mayBeFirst := range []bool{true, false} {
		_, err := ReceiveStock(t.Context(), o, "A", "BER", 0, mayBeFirst)
		require.ErrorContains(t, err, "INVALID")
	}
}

func TestReceiveStockRefusesWhatItNeverSaw(t *testing.T) {
	t.Parallel()
	o := options(t, "inventory")
	require.NoError(t, Migrate(t.Context(), o))
	receive := func(sku, warehouse string, mayBeFirst bool) error {
		_, err := ReceiveStock(t.Context(), o, sku, warehouse, 3, mayBeFirst)
		return err
	}
	require.ErrorIs(t, receive("MUG", "BER", false), ErrNeverReceived)
	require.NoError(t, receive("MUG", "BER", true))
	require.NoError(t, receive("TEA", "AMS", true))
	require.EqualError(t, receive("MUUG", "BER", false), `SKU "MUUG": never received before`)
	require.EqualError(t, receive("MUG", "BRE", false), `warehouse "BRE": never received before`)
	require.EqualError(t, receive("MUUG", "BRE", false), `SKU "MUUG" and warehouse "BRE": never received before`)
	require.NoError(t, receive("MUG", "BER", false))
	require.NoError(t, receive("MUG", "AMS", false), "both are known, from other deliveries")

	require.Equal(t, []inventory.Stock{
		{SKU: "MUG", Warehouse: "AMS", Available: 3, Received: 3},
		{SKU: "MUG", Warehouse: "BER", Available: 6, Received: 6},
	}, stockOf(t, o, "MUG"))
	require.Empty(t, stockOf(t, o, "MUUG"), "a refusal books nothing")
}

func stockOf(t *testing.T, o Options, sku string) (stock []inventory.Stock) {
	t.Helper()
	require.NoError(t, with(t.Context(), o, "inventory", func(s *stores) (err error) {
		stock, err = inventorystore.New(s.own).Stock(t.Context(), sku)
		return err
	}))
	return stock
}

// product returns the product, or the zero one.
func product(t *testing.T, o Options, sku string) (p catalog.Product) {
	t.Helper()
	require.NoError(t, with(t.Context(), o, "catalog", func(s *stores) error {
		p, _ = catalogstore.New(s.own).Product(t.Context(), sku)
		return nil
	}))
	return p
}
