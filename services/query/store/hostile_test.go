package store_test

import (
	"encoding/base64"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/services/query"
)

// fragments are parts of texts that confuse query languages, encodings and people.
var fragments = []string{
	`"`, `'`, `*`, `(`, `)`, `:`, `-`, `+`, `^`, `&`, `|`, `!`, `<->`, `\`, `%`, `_`, `;`, `--`, `/*`, "\x00", "\xff", "\xed\xa0\x80",
	"\u202e", "\u0301", "\ufeff", "\U0001f600", "ﷺ", "İ", "ß", "ǆ", "AND", "OR", "NOT", "NEAR", "NEAR(", "rowid:", "words:", "name :",
	"{name}", "{", "}", "[", "]", "$1", "?", "@0", ":*", "':*", "mug", "Mug", "ord", "a", "1", " ", "\n", "\t", "'; DROP TABLE orders; --",
	`" OR 1=1`, "x*y*z", "½", "①", "Ⅷ", "٣", "〇", "क्षि", "한글", "茶壺",
}

// hostile draws a text of some fragments.
func hostile(r *rand.Rand) (text string) {
	for range 1 + r.IntN(6) {
		text += one(r, fragments...)
	}
	return text
}

// TestAnyTextIsLegal: three hundred searches, in every field, none of which fails or
// matches without reason.
func TestAnyTextIsLegal(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b testBundle) {
		b.shop(t)
		b.apply(t, product("MUG-1", "Stoneware mug", "tableware", 1850, 1), stock("MUG-1", "BER", 3, 1))
		r := rand.New(rand.NewPCG(5, 6))
		for range 300 {
			text := hostile(r)
			orders := query.OrderFilter{Text: text, Limit: 5}
			page, err := b.Orders(t.Context(), orders)
			require.NoError(t, err, "%q", text)
			for _, f := range page.Orders {
				require.True(t, selects(orders, f.Order), "%q finds %s", text, f.Order.ID)
			}
			for _, f := range []query.OrderFilter{
				{CustomerID: text, Limit: 5},
				{SKU: text, Limit: 5},
				{SKU: text, CustomerID: text, Text: text, Limit: 5},
				{Reason: text, Limit: 5},
				{Style: text, Limit: 5},
			} {
				page, err := b.Orders(t.Context(), f)
				require.NoError(t, err, "%q", text)
				require.Empty(t, page.Orders, "%q", text)
			}
			_, err = b.Order(t.Context(), text)
			require.Equal(t, fault.NotFound, fault.CodeOf(err), "%q", text)
			_, err = b.Timeline(t.Context(), text)
			require.Equal(t, fault.NotFound, fault.CodeOf(err), "%q", text)
			reached, err := b.WaitFor(t.Context(), text, 1, 0)
			require.NoError(t, err, "%q", text)
			require.False(t, reached)

			for _, f := range []query.ProductFilter{
				{Text: text, Limit: 5}, {Category: text, Limit: 5}, {Text: text, Category: text, Sort: query.ByPrice, Limit: 5},
			} {
				_, err := b.Products(t.Context(), f)
				require.NoError(t, err, "%q", text)
			}
			if _, err := b.Orders(t.Context(), query.OrderFilter{Cursor: text, Limit: 1}); err != nil {
				require.Equal(t, fault.Invalid, fault.CodeOf(err), "%q", text)
			}
			_, err = b.Products(t.Context(), query.ProductFilter{Cursor: text, Limit: 1})
			require.Equal(t, fault.Invalid, fault.CodeOf(err), "%q", text)
		}
		for _, place := range []string{
			`{"o":"relevance","r":9223372036854775807,"n":"x","s":"x"}`, `{"o":"relevance","r":2,"n":"x","s":"x"}`, `{"o":"relevance","r":-1,"n":"x","s":"x"}`,
		} {
			_, err := b.Products(t.Context(), query.ProductFilter{Cursor: base64.RawURLEncoding.EncodeToString([]byte(place)), Limit: 1})
			require.Equal(t, fault.Invalid, fault.CodeOf(err), place)
		}
		for _, at := range []time.Time{time.Unix(0, 0), time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC), time.Date(1, 1, 1, 0, 0, 0, 1, time.UTC)} {
			_, err := b.Orders(t.Context(), query.OrderFilter{PlacedAfter: at, PlacedBefore: at, Limit: 1})
			require.NoError(t, err)
		}
	})
}
