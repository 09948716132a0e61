package supply

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/services/catalog"
)

func TestReadProducts(t *testing.T) {
	t.Parallel()
	products, err := readProducts(strings.NewReader(`[
		{"sku":"A","name":"A","category":"c","price":{"amount":1,"currency":"EUR"},"active":true},
		{"sku":"B","name":"B","category":"c","description":"A b.","active":false}]`))
	require.NoError(t, err)
	require.Equal(t, []catalog.Product{
		{SKU: "A", Name: "A", Category: "c", Price: money.New(1, "EUR"), Active: true},
		{SKU: "B", Name: "B", Category: "c", Description: "A b."},
	}, products)

	const good = `[{"sku":"A","name":"A","category":"c","price":{"amount":1299,"currency":"EUR"},"active":true}]`
	with := func(old, replacement string) string {
		require.Contains(t, good, old)
		return strings.Replace(good, old, replacement, 1)
	}
	for name, c := range map[string]struct{ file, want string }{
		"Nothing":             {``, `read products: "": must be a JSON value`},
		"NoArray":             {`{}`, "read products: must be a JSON array of products"},
		"TwoArrays":           {`[] []`, `read products: "": must be one JSON value; reading it failed at byte 4`},
		"NoObject":            {`[1]`, "read products: /0 must be an object"},
		"AKeyTwice":           {with(`"amount":1299`, `"amount":1299,"amount":12`), `read products: "/0/price/amount": must be given once`},
		"AKeyInOtherCase":     {with(`"amount"`, `"Amount"`), "read products: /0/price/amount is missing\nread products: /0/price/Amount is not a field here"},
		"AnUnknownKey":        {with(`"sku"`, `"skuu":1,"sku"`), "read products: /0/skuu is not a field here"},
		"NoDescription":       {with(`"name":"A"`, `"name":"A","description":null`), "read products: /0/description must be a string"},
		"WithoutActive":       {with(`,"active":true`, ``), "read products: /0/active is missing"},
		"ActiveNull":          {with(`"active":true`, `"active":null`), "read products: /0/active must be true or false"},
		"PriceNull":           {with(`{"amount":1299,"currency":"EUR"}`, `null`), "read products: /0/price must be an object"},
		"AFraction":           {with(`1299`, `12.99`), "read products: /0/price/amount must be a whole number of minor units, in plain digits"},
		"AnExponent":          {with(`1299`, `1e3`), "read products: /0/price/amount must be a whole number of minor units, in plain digits"},
		"ANumberAsText":       {with(`1299`, `"1299"`), "read products: /0/price/amount must be a whole number of minor units, in plain digits"},
		"ByteOrderMark":       {"\ufeff" + good, `read products: "": must not begin with a byte order mark`},
		"UTF16":               {"\xff\xfe[\x00]\x00", `read products: "": must be UTF-8`},
		"Latin1":              {with(`"name":"A"`, "\"name\":\"Z\xfcrich\""), `read products: "": must be UTF-8`},
		"AllWrongFieldsBelow": {"[" + strings.Repeat(`1,`, 29) + "1]", "read products: /19 must be an object\nread products: and 10 more"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := readProducts(strings.NewReader(c.file))
			require.ErrorContains(t, err, c.want)
		})
	}
}
