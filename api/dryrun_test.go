package api

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/api/problem"
	"github.com/amends/amends/api/shop"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/services/catalog"
)

// priced is a catalog in which MUG-STONEWARE costs 18.50 and KETTLE-STEEL 89.00.
var priced = fakeCatalog(func(_ context.Context, sku string) (catalog.Product, error) {
	price, ok := map[string]int64{"MUG-STONEWARE": 1850, "KETTLE-STEEL": 8900}[sku]
	if !ok {
		return catalog.Product{}, fault.Errorf(fault.Business, fault.NotFound, "no such product")
	}
	return catalog.Product{SKU: sku, Name: sku, Active: true, Price: money.New(price, "EUR")}, nil
})

// TestADryRunPlacesNothing: the fake engine fails a test that asks it.
func TestADryRunPlacesNothing(t *testing.T) {
	t.Parallel()
	b := shopOf(t, WithServices(shop.Services{Catalog: priced}))
	r := b.post(t, goodBody, "Amends-Dry-Run: true", "Prefer: wait=10")
	o := r.order(t, http.StatusOK)
	require.Equal(t, "true", r.Header.Get("Amends-Dry-Run"))
	require.Empty(t, r.Header.Get("Location"))
	require.Empty(t, r.Header.Get("Amends-Claim"))
	require.Equal(t, "PENDING", o.Status)
	require.Equal(t, contract.SourceQuote, o.Source)
	require.Equal(t, &contract.Money{Amount: 12600, Currency: "EUR"}, o.Total)
	require.Equal(t, []contract.Line{
		{Sku: "MUG-STONEWARE", Quantity: 2, UnitPrice: &contract.Money{Amount: 1850, Currency: "EUR"}},
		{Sku: "KETTLE-STEEL", Quantity: 1, UnitPrice: &contract.Money{Amount: 8900, Currency: "EUR"}},
	}, o.Lines)

	for reason, body := range map[string]string{
		"UNKNOWN_SKU":       strings.Replace(goodBody, "KETTLE-STEEL", "NOPE", 1),
		"CURRENCY_MISMATCH": strings.Replace(goodBody, "EUR", "USD", 1),
	} {
		o = b.post(t, body, "Amends-Dry-Run: true").order(t, http.StatusOK)
		require.Equal(t, "CANCELLED", o.Status)
		require.Equal(t, reason, *o.Reason)
		require.Nil(t, o.Total)
	}
	b.post(t, strings.Replace(goodBody, "Berlin", "", 1), "Amends-Dry-Run: true").refused(t, http.StatusUnprocessableEntity, problem.ValidationFailed)
	b.do(t, http.MethodPost, "/v1/orders", goodBody, asJSONBody, "Amends-Dry-Run: true").refused(t, http.StatusBadRequest, problem.KeyMissing)
	b.post(t, goodBody, "Amends-Dry-Run: maybe").refused(t, http.StatusBadRequest, problem.BadRequest)

	away := shopOf(t, WithServices(shop.Services{Catalog: fakeCatalog(func(context.Context, string) (catalog.Product, error) {
		return catalog.Product{}, fault.Errorf(fault.Transient, fault.Unavailable, "10.0.0.7 is away")
	})}))
	away.post(t, goodBody, "Amends-Dry-Run: true").refused(t, http.StatusServiceUnavailable, fault.Unavailable)

	wrong := shopOf(t, WithServices(shop.Services{Catalog: fakeCatalog(func(context.Context, string) (catalog.Product, error) { panic("a bug") })}))
	wrong.post(t, goodBody, "Amends-Dry-Run: true").refused(t, http.StatusInternalServerError, fault.Internal)
}
