package api

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/api/operator"
	"github.com/amends/amends/api/orders"
	"github.com/amends/amends/api/problem"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/identity/token"
	"github.com/amends/amends/internal/orders/identity"
	"github.com/amends/amends/services/query"
)

// modelled starts a server with a read model, for cus_42, whose API key is amk_1_good.
func modelled(t *testing.T, m query.Service, change ...func(*Config)) *testBundle {
	t.Helper()
	return shopWith(t, func(c *Config) {
		for _, f := range change {
			f(c)
		}
	}, WithLogger(slog.New(slog.DiscardHandler)), WithQuery(m), WithVerifier(token.NewVerifier(token.Config{Source: newAccounts(t), Logger: slog.New(slog.DiscardHandler)})))
}

const asOwner = "Authorization: Bearer amk_1_good"

// ordersOf returns n decided orders of an account.
func ordersOf(account string, n int) (all []query.Found) {
	for i := range n {
		all = append(all, told(identity.Order(account, fmt.Sprint(i)), account, query.Confirmed, 4))
	}
	return all
}

func idsOf(all []contract.Order) (ids []string) {
	for _, o := range all {
		ids = append(ids, o.Id)
	}
	return ids
}

func TestListOrders(t *testing.T) {
	t.Parallel()
	list := func(t *testing.T, b *testBundle, query string) response {
		t.Helper()
		return b.do(t, http.MethodGet, "/v1/orders"+query, "", asOwner)
	}

	t.Run("ListsTheCallersPageByPage", func(t *testing.T) {
		t.Parallel()
		m := newModel()
		m.tell(ordersOf("cus_42", 5)...)
		m.tell(ordersOf("cus_43", 5)...)
		b := modelled(t, m)
		var ids []string
		for cursor := ""; ; {
			answer := list(t, b, "?limit=2"+cursor)
			require.Equal(t, "2026-01-02T03:04:06.007Z", answer.Header.Get("Amends-As-Of"))
			page := into[contract.OrderList](t, answer)
			require.LessOrEqual(t, len(page.Orders), 2)
			require.Nil(t, page.Stale)
			for _, o := range page.Orders {
				require.Equal(t, "cus_42", *o.CustomerId)
				require.Equal(t, contract.SourceReadModel, o.Source)
				require.Equal(t, modelAsOf, *o.AsOf)
				require.Equal(t, contract.Money{Amount: 3700, Currency: "EUR"}, *o.Total)
			}
			ids = append(ids, idsOf(page.Orders)...)
			if page.NextCursor == nil {
				break
			}
			cursor = "&cursor=" + *page.NextCursor
		}
		require.Len(t, ids, 5)
		slices.Sort(ids)
		require.Len(t, slices.Compact(ids), 5, "none twice")
	})

	t.Run("AnswersFromOneQuestionHoweverManyGuestsNameTheAccount", func(t *testing.T) {
		t.Parallel()
		m := newModel()
		own := ordersOf("cus_42", 3)
		m.tell(own...)
		for range 40 {
			m.tell(told(uuid.NewString(), "cus_42", query.Confirmed, 4))
		}
		page := into[contract.OrderList](t, list(t, modelled(t, m), "?limit=3"))
		require.ElementsMatch(t, []string{own[0].Order.ID, own[1].Order.ID, own[2].Order.ID}, idsOf(page.Orders))
		require.Nil(t, page.NextCursor)
		require.Len(t, m.filters, 1)
	})

	t.Run("AsksNothingForACallerWithoutAnAccount", func(t *testing.T) {
		t.Parallel()
		m := newModel()
		m.tell(ordersOf("cus_42", 1)...)
		_, err := orders.New(nil, nil, m, nil, nil).ListOrders(t.Context(), contract.ListOrdersRequestObject{})
		require.Equal(t, fault.NotFound, problem.Of(err).Code, "the filter would select the orders of all")
		require.Empty(t, m.filters)
	})

	t.Run("AsksForWhatTheQuerySays", func(t *testing.T) {
		t.Parallel()
		m := newModel()
		answer := list(t, modelled(t, m), "?status=CANCELLED&sku=MUG%2F1&placed_after=2026-01-02T03:04:05.5Z&placed_before=2026-02-01T00:00:00%2B02:00&q=M%C3%BCg+%26&limit=100&cursor=7")
		require.Equal(t, http.StatusOK, answer.StatusCode, answer.text)
		require.Equal(t, []query.OrderFilter{{
			Account: "cus_42", Status: query.Cancelled, SKU: "MUG/1", Text: "Müg &", Limit: 100, Cursor: "7",
			PlacedAfter: time.Date(2026, 1, 2, 3, 4, 5, 500_000_000, time.UTC), PlacedBefore: time.Date(2026, 1, 31, 22, 0, 0, 0, time.UTC),
		}}, utc(m.filters))
		require.JSONEq(t, `{"orders": []}`, answer.text)
	})

	t.Run("NamesAllWrongParametersAtOnce", func(t *testing.T) {
		t.Parallel()
		b := modelled(t, newModel())
		p := list(t, b, "?limit=0&status=LOST&sku=%00&placed_after=yesterday&placed_before=2026-02-30T00:00:00Z&q="+strings.Repeat("x", 201)+"&cursor=").
			refused(t, http.StatusUnprocessableEntity, problem.ValidationFailed)
		wrong := map[string]string{}
		for _, e := range *p.Errors {
			wrong[e.Pointer] = e.Code
		}
		require.Equal(t, map[string]string{
			"/limit": "TOO_SMALL", "/status": "NOT_ALLOWED", "/sku": "NOT_ALLOWED", "/placed_after": "NOT_ALLOWED",
			"/placed_before": "NOT_ALLOWED", "/q": "TOO_LONG", "/cursor": "TOO_SHORT",
		}, wrong)
		for query, code := range map[string]fault.Code{
			"limit=-1": "TOO_SMALL", "limit=101": "TOO_LARGE", "limit=abc": "WRONG_TYPE", "limit=1.5": "WRONG_TYPE", "limit=": "WRONG_TYPE",
			"limit=9223372036854775808": "WRONG_TYPE", "limit=1&limit=2": "NOT_ALLOWED", "q=%ff": "WRONG_TYPE", "cursor=foreign": "NOT_ALLOWED",
		} {
			p := list(t, b, "?"+query).refused(t, http.StatusUnprocessableEntity, problem.ValidationFailed)
			require.Len(t, *p.Errors, 1, query)
			require.Equal(t, string(code), (*p.Errors)[0].Code, query)
		}
		p = list(t, b, "?statsu=PENDING&limit=0").refused(t, http.StatusBadRequest, problem.BadRequest)
		require.Len(t, *p.Errors, 2, "a filter that is not one would select all")
		list(t, b, "?q=%zz").refused(t, http.StatusBadRequest, problem.BadRequest)
	})

	t.Run("SaysThatTheReadModelIsAway", func(t *testing.T) {
		t.Parallel()
		m := newModel()
		m.down()
		b := modelled(t, m)
		for _, path := range []string{"/v1/orders", "/v1/products", "/v1/categories"} {
			answer := b.do(t, http.MethodGet, path, "", asOwner)
			answer.refused(t, http.StatusServiceUnavailable, fault.Unavailable)
			require.NotContains(t, answer.text, "10.0.0.9")
			modelled(t, nil).do(t, http.MethodGet, path, "", asOwner).refused(t, http.StatusServiceUnavailable, fault.Unavailable)
		}
	})
}

// utc makes the times of filters comparable.
func utc(all []query.OrderFilter) []query.OrderFilter {
	for i := range all {
		all[i].PlacedAfter, all[i].PlacedBefore = all[i].PlacedAfter.UTC(), all[i].PlacedBefore.UTC()
	}
	return all
}

func TestListProducts(t *testing.T) {
	t.Parallel()
	m := newModel()
	b := modelled(t, m)
	answer := b.do(t, http.MethodGet, "/v1/products?q=stone+mug&category=mugs&in_stock=true&min_price=100&max_price=2000&sort=-price&limit=5&cursor=c", "")
	require.Equal(t, "2026-01-02T03:04:06.007Z", answer.Header.Get("Amends-As-Of"))
	require.JSONEq(t, `{
		"products": [{"sku": "MUG-STONEWARE", "name": "Stoneware mug", "description": "", "category": "mugs", "price": {"amount": 1850, "currency": "EUR"}, "available": 40}],
		"facets": {"categories": [{"name": "mugs", "products": 3}], "in_stock": 1, "total": 3, "prices": [{"currency": "EUR", "min": 999, "max": 1850}]},
		"next_cursor": "more"
	}`, answer.text)
	require.Equal(t, query.ProductFilter{
		Text: "stone mug", Category: "mugs", InStock: new(true), MinPrice: new(int64(100)), MaxPrice: new(int64(2000)),
		Sort: query.ByPriceDown, Limit: 5, Cursor: "c",
	}, m.found)
	require.Equal(t, http.StatusOK, b.do(t, http.MethodGet, "/v1/products", "").StatusCode)
	require.Equal(t, query.ProductFilter{Limit: 20}, m.found)

	p := b.do(t, http.MethodGet, "/v1/products?in_stock=yes&min_price=-1&max_price=cheap&sort=cheapest&category=", "").
		refused(t, http.StatusUnprocessableEntity, problem.ValidationFailed)
	require.Len(t, *p.Errors, 5)
	p = b.do(t, http.MethodGet, "/v1/products?cursor=foreign", "").refused(t, http.StatusUnprocessableEntity, problem.ValidationFailed)
	require.Equal(t, "/cursor", (*p.Errors)[0].Pointer)

	require.JSONEq(t, `{"categories": [{"name": "mugs", "products": 3}]}`, b.do(t, http.MethodGet, "/v1/categories", "").text)
}

func TestOperatorsLists(t *testing.T) {
	t.Parallel()
	m := newModel()
	m.tell(ordersOf("cus_42", 2)...)
	m.tell(ordersOf("cus_43", 1)...)
	spec, err := contract.LoadAdmin()
	require.NoError(t, err)
	get := func(t *testing.T, m query.Service, path, secret string) response {
		t.Helper()
		h := NewAdmin(Admin{
			Repairs: modelled(t, m).server, Operators: []operator.Operator{{Name: "night.shift", Secret: "0123456789abcdef"}},
			Logger: slog.New(slog.DiscardHandler),
		})
		w := httptest.NewRecorder()
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
		r.Header.Set("Authorization", "Bearer "+secret)
		h.ServeHTTP(w, r)
		answer := w.Result()
		answer.Request = r
		out := response{answer, w.Body.String()}
		requireDeclared(t, spec, out)
		return out
	}
	const secret = "0123456789abcdef"

	t.Run("AreForOperators", func(t *testing.T) {
		t.Parallel()
		for _, path := range []string{"/v1/orders", "/v1/projections"} {
			get(t, m, path, "wrong").refused(t, http.StatusUnauthorized, problem.Unauthorized)
			get(t, nil, path, secret).refused(t, http.StatusServiceUnavailable, fault.Unavailable)
		}
	})
	t.Run("HaveTheOrdersOfAllCustomers", func(t *testing.T) {
		t.Parallel()
		answer := get(t, m, "/v1/orders", secret)
		require.Len(t, into[contract.OrderList](t, answer).Orders, 3)
		require.Equal(t, "2026-01-02T03:04:06.007Z", answer.Header.Get("Amends-As-Of"))
		require.Len(t, into[contract.OrderList](t, get(t, m, "/v1/orders?customer_id=cus_43", secret)).Orders, 1)
	})
	t.Run("AskForWhatTheQuerySays", func(t *testing.T) {
		t.Parallel()
		m := newModel()
		into[contract.OrderList](t, get(t, m, "/v1/orders?customer_id=cus_43&needs_attention=true&style=orchestrated&reason=PAYMENT_DECLINED&min_age=1h30m&status=PENDING&q=x&limit=3", secret))
		require.Equal(t, []query.OrderFilter{{
			CustomerID: "cus_43", NeedsAttention: new(true), Style: "orchestrated", Reason: "PAYMENT_DECLINED", MinAge: 90 * time.Minute,
			Status: query.Pending, Text: "x", Limit: 3,
		}}, utc(m.filters))
	})
	t.Run("NameAllWrongParametersAtOnce", func(t *testing.T) {
		t.Parallel()
		p := get(t, m, "/v1/orders?needs_attention=maybe&style=x%00&reason=declined&min_age=90&limit=0&customer_id=", secret).
			refused(t, http.StatusUnprocessableEntity, problem.ValidationFailed)
		require.Len(t, *p.Errors, 6)
		get(t, m, "/v1/orders?cursor=foreign", secret).refused(t, http.StatusUnprocessableEntity, problem.ValidationFailed)
	})
	t.Run("TellHowFarTheReadModelHasCome", func(t *testing.T) {
		t.Parallel()
		require.JSONEq(t, `{"projections": [
			{"name": "orders", "generation": 2, "events": 7, "newest": "2026-01-02T03:04:06.007Z", "behind": 3, "as_of": "2026-01-02T03:04:06.007Z", "lag_seconds": 1.5},
			{"name": "stock", "generation": 2, "events": 0, "as_of": "2026-01-02T03:04:06.007Z", "lag_seconds": 0}
		]}`, get(t, m, "/v1/projections", secret).text)
	})
}

// requireHostileAnswers asks for lists with texts that break parsers, and requires an answer
// of each.
func requireHostileAnswers(t *testing.T, b *testBundle) {
	t.Helper()
	draw := rand.New(rand.NewPCG(1, 2))
	names := []string{"limit", "cursor", "status", "sku", "placed_after", "placed_before", "q", "x", "q[]", ""}
	parts := []string{"'", `"`, "%00", "%ff", "*", "(", "OR", "NEAR/2", "--", ";", "\u0301", "🫖", "%", "1e9", "-", "😀😀", "2026-01-01T00:00:00Z", "{}", "MUG"}
	for range 300 {
		q := url.Values{}
		for range 1 + draw.IntN(4) {
			text := ""
			for range draw.IntN(5) {
				text += parts[draw.IntN(len(parts))]
			}
			q.Add(names[draw.IntN(len(names))], text)
		}
		query := q.Encode()
		if draw.IntN(2) == 0 {
			query = strings.ReplaceAll(query, "%25", "%")
		}
		for _, path := range []string{"/v1/orders", "/v1/products"} {
			answer := b.do(t, http.MethodGet, path+"?"+query, "", asOwner)
			require.Less(t, answer.StatusCode, 500, "%s?%s: %s", path, query, answer.text)
		}
	}
}
