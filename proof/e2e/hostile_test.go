package e2e_test

import (
	"cmp"
	"context"
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// hostileTexts confuse query languages, encodings and people.
var hostileTexts = []string{
	"", " ", `"`, `'`, `*`, `(`, `)`, `:`, `^`, `&`, `|`, `!`, `\`, `%`, `_`, `;`, `--`, "/*", "{", "}", "[", "]", "?", "$1", "@0", "a:*", "<->", "|&!",
	"\x00", "a\x00b", "\xff", "\xed\xa0\x80", "\ufeff", "\u202e", "\u0301", "e" + strings.Repeat("\u0301", 99), strings.Repeat("ﷺ", 60),
	"İ", "ß", "ǆ", "½", "Ⅷ", "٣", "क्षि", "茶壺", "\U0001f600",
	"AND", "a OR b", "NOT a", "NEAR(a b)", "rowid: 1", "name : a", `" OR 1=1 --`, "'; DROP TABLE orders; --", "x*y*z", "%' OR '1'='1",
	strings.Repeat("x", 200), strings.Repeat("x", 201), strings.Repeat("x", 5000), strings.Repeat("a ", 100), "a b c d e f g h i j k l m n o p q r s t u v w x y z",
}

// hostileNumbers are no limits, and no prices.
var hostileNumbers = []string{"0", "-1", "101", "1.5", "1e2", "0x10", "abc", "9223372036854775807", "9223372036854775808", "-9223372036854775809", "NaN", "١", "1 ", "true"}

// hostileTimes are at the borders of times, or behind them.
var hostileTimes = []string{
	"0000-01-01T00:00:00Z", "0001-01-01T00:00:00.000000001Z", "1969-12-31T23:59:59Z", "9999-12-31T23:59:59.999999999Z", "9999-12-31T23:59:59-23:59",
	"10000-01-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-01-01", "2026-01-01T00:00:00", "2026-01-01t00:00:00z", "2026-01-01T24:00:00Z", "1e9", "-1", "now",
}

// hostileCursors are no cursors of a list, but some are almost.
func hostileCursors() (all []string) {
	for _, place := range []string{
		`{}`, `[]`, `null`, `1`, `"x"`, `{"s":-1}`, `{"s":9223372036854775807}`, `{"s":9223372036854775808}`, `{"s":1e400}`, `{"s":"x"}`, `{"s":null}`, `{"s":1,"s":2}`,
		`{"s":1,"x":2}`, `{"s":1}{"s":2}`, "{\"s\":1", `{"o":"relevance","s":"x"}`, `{"o":"relevance","r":9223372036854775807,"n":"x","s":"x"}`, `{"o":"relevance","r":-5,"s":""}`,
		`{"o":"relevance","n":"\u0000","s":"\u0000"}`, `{"o":"relevance","n":"\ud800","s":"'"}`, "{\"o\":\"relevance\",\"n\":\"\xff\",\"s\":\"x\"}",
		`{"o":"price","p":-9223372036854775808,"s":"x"}`, `{"o":"DROP","s":"x"}`, `{"o":"","s":"x"}`, strings.Repeat("[", 2000),
	} {
		all = append(all, base64.RawURLEncoding.EncodeToString([]byte(place)))
	}
	return append(all, "x", "=", "....", "e30=", "e30 ", "\x00", strings.Repeat("A", 5000))
}

// hostileLists are the parameters of each list, with values that none of them expects.
func hostileLists() map[string]map[string][]string {
	orders := map[string][]string{
		"limit": hostileNumbers, "cursor": hostileCursors(), "q": hostileTexts, "sku": hostileTexts, "status": hostileTexts,
		"placed_after": hostileTimes, "placed_before": hostileTimes, "unknown": {"1"}, "": {"1"}, "q[]": {"1"},
	}
	products := map[string][]string{
		"limit": hostileNumbers, "cursor": hostileCursors(), "q": hostileTexts, "category": hostileTexts, "sort": hostileTexts,
		"in_stock": hostileNumbers, "min_price": hostileNumbers, "max_price": hostileNumbers,
	}
	operators := map[string][]string{
		"customer_id": hostileTexts, "style": hostileTexts, "reason": hostileTexts, "needs_attention": hostileNumbers,
		"min_age": append([]string{"1h", "-1h", "87600000h", "1h1h", "9223372036854775807ns"}, hostileNumbers...),
	}
	maps.Copy(operators, orders)
	return map[string]map[string][]string{"orders": orders, "products": products, "operators": operators}
}

// rawQueries are those that no encoder makes.
var rawQueries = []string{
	"%", "%zz", "%u0041", "q=%", "q=a;b", "q=a&q=b", "=", "&&&", "?", "q", "q=%00%ff", "limit=1&limit=2", "q=" + strings.Repeat("a+", 3000), strings.Repeat("x=1&", 500), "#", "q=a%0d%0aX:%20y",
	"placed_after=2026-01-02T00:00:00Z&placed_before=2026-01-01T00:00:00Z", "min_price=5&max_price=4", "placed_after=2026-01-01T00:00:00+00:00",
}

// hostility asks a platform's lists in ways that they do not expect.
type hostility struct {
	at    map[string]account // by list
	paths map[string]string

	asked   int
	slowest time.Duration
	of      string
}

// hostile starts asking.
func hostile(shop, admin string) *hostility {
	customer, operator := account{shop, "cus_7"}, account{admin, operatorSecret}
	return &hostility{
		at:    map[string]account{"orders": customer, "products": customer, "operators": operator},
		paths: map[string]string{"orders": "/v1/orders", "products": "/v1/products", "operators": "/v1/orders"},
	}
}

// ask sends a query, and returns why its answer is none: a failure of the server, or a
// problem without a reason. One that gets no answer in time, or a late one, is asked again: that
// is the query's own fault only if it always is so.
func (h *hostility) ask(ctx context.Context, list, query string) error {
	var quickest time.Duration
	for try := 1; ; try++ {
		answer, err := h.at[list].ask(ctx, http.MethodGet, h.paths[list]+"?"+query, nil, nil)
		switch {
		case err != nil:
			return err
		case answer.code() == "REDUCED_CAPACITY":
			try-- // it gives way to orders, whatever it asks
			continue
		case answer.status == http.StatusServiceUnavailable && try < 10:
			continue
		}
		if quickest = cmp.Or(min(quickest, answer.took), answer.took); quickest > time.Second && try < 5 {
			continue
		}
		h.asked++
		if quickest > h.slowest {
			h.slowest, h.of = quickest, list+"?"+query[:min(len(query), 80)]
		}
		switch {
		case answer.status == http.StatusOK:
			return nil
		case answer.status >= 400 && answer.status < 500 && answer.code() != "":
			return nil
		default:
			return fmt.Errorf("%s?%s: %d %s", list, query, answer.status, answer.body)
		}
	}
}

// requireAnswers requires an answer of every hostile query, and of many that are drawn.
func (h *hostility) requireAnswers(t *testing.T) {
	t.Helper()
	lists := hostileLists()
	for list, parameters := range lists {
		for name, values := range parameters {
			for _, v := range values {
				require.NoError(t, h.ask(t.Context(), list, url.Values{name: {v}}.Encode()))
			}
		}
		for _, q := range rawQueries {
			require.NoError(t, h.ask(t.Context(), list, q))
		}
	}
	rapid.Check(t, func(rt *rapid.T) {
		list := rapid.SampledFrom([]string{"orders", "products", "operators"}).Draw(rt, "list")
		q := url.Values{}
		for range rapid.IntRange(1, 5).Draw(rt, "parameters") {
			name := rapid.SampledFrom(slices.Sorted(maps.Keys(lists[list]))).Draw(rt, "name")
			value := rapid.OneOf(rapid.SampledFrom(lists[list][name]), rapid.String(), rapid.SampledFrom(hostileTexts)).Draw(rt, "value")
			q.Add(name, value)
		}
		if err := h.ask(t.Context(), list, q.Encode()); err != nil {
			rt.Fatal(err)
		}
	})
	require.GreaterOrEqual(t, h.asked, 300)
	require.Less(t, h.slowest, 10*time.Second, h.of)
}
