package compare_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/api/legacy/compare"
	"github.com/amends/amends/api/legacy/route"
)

const legacyBody = `{"id": "m-17", "status": "CONFIRMED", "total": {"amount": 12600, "currency": "EUR"}, "created_at": "2026-01-02T03:04:05Z",
	"available": 100, "note": null, "gift": false,
	"lines": [{"sku": "MUG", "quantity": 2, "unit_price": 1850, "ref": "a"}, {"sku": "KETTLE", "quantity": 1, "unit_price": 8900, "ref": "b"}]}`

// sameBody says the same as legacyBody: other ids, times within a second, another order of
// fields and lines, another spelling of a number, no field for null, and a stock that has moved.
const sameBody = `{"lines": [{"ref": "x", "unit_price": 8900.0, "sku": "KETTLE", "quantity": 1}, {"sku": "MUG", "quantity": 2, "unit_price": 1850, "ref": "y"}],
	"status": "CONFIRMED", "created_at": "2026-01-02T04:04:05.5+01:00", "id": "0190a6b2", "available": 97, "gift": false, "total": {"currency": "EUR", "amount": 12600}}`

var rules = compare.New(route.Compare{
	Ignore: []string{"id", "/lines/*/ref"}, Unordered: []string{"/lines"}, Tolerance: map[string]string{"/available": "5", "created_at": "1s"},
})

func ok(body string) compare.Answer { return compare.Answer{Status: 200, Body: []byte(body)} }

func TestFindsPlantedDifferencesAndNoOther(t *testing.T) {
	t.Parallel()
	require.Empty(t, rules.Differences(ok(legacyBody), ok(sameBody)), "none is false")
	require.Empty(t, rules.Differences(ok(legacyBody), ok(legacyBody)))

	planted := strings.NewReplacer(
		"CONFIRMED", "PENDING", "12600", "12601", `"available": 97`, `"available": 94`, `"gift": false`, `"gift": "false"`, `"quantity": 2`, `"quantity": 3`,
	).Replace(sameBody)
	require.ElementsMatch(t, []compare.Difference{
		{"/status", `"CONFIRMED"`, `"PENDING"`},
		{"/total/amount", "12600", "12601"},
		{"/available", "100", "94"},
		{"/gift", "false", `"(5)"`},
		{"/lines/1/quantity", "2", "3"},
	}, rules.Differences(ok(legacyBody), ok(planted)))
}

func TestDifferences(t *testing.T) {
	t.Parallel()
	none := compare.New(route.Compare{})
	for name, tt := range map[string]struct {
		a, b compare.Answer
		want []compare.Difference
	}{
		"AnotherStatus":        {ok("{}"), compare.Answer{Status: 201, Body: []byte("{}")}, []compare.Difference{{"status", "200", "201"}}},
		"ARefusal":             {ok("{}"), compare.Answer{Status: 404}, []compare.Difference{{"status", "200", "404"}}},
		"TheSameRefusal":       {compare.Answer{Status: 404, Body: []byte(`{"error": "no"}`)}, compare.Answer{Status: 404}, nil},
		"Garbage":              {ok("{}"), ok("<html>"), []compare.Difference{{"", "JSON", "not JSON"}}},
		"TwoValues":            {ok("{}"), ok("{} {}"), []compare.Difference{{"", "JSON", "not JSON"}}},
		"TheSameText":          {ok("hello"), ok("hello"), nil},
		"NoBody":               {ok(""), ok(" "), nil},
		"AMissingField":        {ok(`{"a": 1}`), ok(`{}`), []compare.Difference{{"/a", "1", ""}}},
		"OneMoreField":         {ok(`{}`), ok(`{"a/b": 1}`), []compare.Difference{{"/a~1b", "", "1"}}},
		"AShorterList":         {ok(`{"a": [1, 2]}`), ok(`{"a": [1]}`), []compare.Difference{{"/a", "[1,2]", "[1]"}}},
		"AnotherOrder":         {ok(`[1, 2]`), ok(`[2, 1]`), []compare.Difference{{"/0", "1", "2"}, {"/1", "2", "1"}}},
		"AnotherKind":          {ok(`{"a": {}}`), ok(`{"a": []}`), []compare.Difference{{"/a", "{}", "[]"}}},
		"SpellingsOfANumber":   {ok(`[1, 1.50, 1e400]`), ok(`[1.0, 1.5, 1e400]`), nil},
		"LargeNumbers":         {ok(`9007199254740993`), ok(`9007199254740992`), []compare.Difference{{"", "9007199254740993", "9007199254740992"}}},
		"ATimeIsOnlyAnInstant": {ok(`"2026-01-02T03:04:05Z"`), ok(`"2026-01-02T04:04:05+01:00"`), nil},
		"OtherTexts":           {ok(`{"name": "Ada"}`), ok(`{"name": "Eve B."}`), []compare.Difference{{"/name", `"(3)"`, `"(6)"`}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, tt.want, none.Differences(tt.a, tt.b))
		})
	}

	t.Run("ADryRunHasAnotherStatus", func(t *testing.T) {
		t.Parallel()
		placed := compare.Answer{Status: 202, Body: []byte(`{"total": 1}`)}
		require.Empty(t, none.DryRun().Differences(placed, ok(`{"total": 1}`)))
		require.Len(t, none.DryRun().Differences(placed, ok(`{"total": 2}`)), 1)
		require.Len(t, none.DryRun().Differences(placed, compare.Answer{Status: 422}), 1)
	})

	t.Run("AreBounded", func(t *testing.T) {
		t.Parallel()
		require.Len(t, none.Differences(ok("["+strings.Repeat("1,", 99)+"1]"), ok("["+strings.Repeat("2,", 99)+"2]")), 20)
	})
}

func TestRedact(t *testing.T) {
	t.Parallel()
	body := `{"id": "0190a6b2-7d1e-8c3f-9b5a-2f6d8e4c1a70", "status": "CONFIRMED", "sku": "MUG-STONEWARE", "amount": 1299, "at": "2026-01-02T03:04:05Z",
		"email": "ada@example.com", "note": "Ring twice, please", "ship_to": {"name": "Ada", "line1": "Hauptstr. 1"}, "phone": 49301234567,
		"payment_token": "tok_visa", "list": ["OK", "Ada Lovelace"], "gone": null, "state": "done", "first": "ada"}`
	require.JSONEq(t, `{"id": "0190a6b2-7d1e-8c3f-9b5a-2f6d8e4c1a70", "status": "CONFIRMED", "sku": "MUG-STONEWARE", "amount": 1299, "at": "2026-01-02T03:04:05Z",
		"email": "(15)", "note": "(18)", "ship_to": "(hidden)", "phone": "(hidden)",
		"payment_token": "(8)", "list": ["OK", "(12)"], "gone": null, "state": "done", "first": "(3)"}`, compare.Redact([]byte(body)))
	require.Equal(t, "6 bytes that are not JSON", compare.Redact([]byte("<html>")))
	require.NotContains(t, compare.Redact([]byte(body)), "Ada")
}
