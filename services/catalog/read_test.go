package catalog_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/services/catalog"
)

func TestReadProducts(t *testing.T) {
	t.Parallel()
	products, err := catalog.ReadProducts(strings.NewReader(`[
		{"sku":"A","name":"A","category":"c","price":{"amount":1,"currency":"EUR"},"active":true},
		{"sku":"B","name":"B","category":"c","price":{"amount":2,"currency":"EUR"},"active":false}]`))
	require.NoError(t, err)
	require.Len(t, products, 2)
	require.Equal(t, int64(2), products[1].Price.Minor)

	for file, want := range map[string]string{
		``:             "read products, a JSON array: EOF",
		`{}`:           "read products, a JSON array: json: cannot unmarshal object",
		`[] []`:        "read products: there is more behind the JSON array",
		`[{"skuu":1}]`: `unknown field "skuu"`,
	} {
		_, err := catalog.ReadProducts(strings.NewReader(file))
		require.ErrorContains(t, err, want)
	}
}
