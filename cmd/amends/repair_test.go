package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

const token = "AMENDS_OPERATOR_TOKEN=night-night-night-1"

// adminSays serves one answer, and returns the requests that it receives.
func adminSays(t *testing.T, status int, body string) (addr string, got chan *http.Request) {
	t.Helper()
	got = make(chan *http.Request, 1)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, err := io.ReadAll(r.Body)
		if err == nil {
			r.Body = io.NopCloser(strings.NewReader(string(text)))
			got <- r
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(s.Close)
	return strings.TrimPrefix(s.URL, "http://"), got
}

const repairedOrder = `{"id": "o1", "status": "PENDING", "currency": "EUR", "lines": [], "needs_attention": true,
	"attention": [{"step": "payment.authorize", "code": "PROVIDER_TIMEOUT", "kind": "unknown", "since": "2026-01-02T03:04:05Z", "owed": "money held"}],
	"waivers": [{"step": "shipping.book", "code": "CARRIER_TIMEOUT", "owed": "parcels booked", "reason": "fetched by van", "operator": "day", "reference": "V7", "at": "2026-01-02T03:04:05Z"}],
	"repairs": [{"step": "payment.authorize", "action": "retry", "reason": "they are back", "operator": "night", "at": "2026-01-02T03:04:05Z"}],
	"steps": [], "parcels": []}`

const acknowledgedOrder = `{"id": "o1", "status": "CANCELLED", "reason": "INTERNAL", "currency": "EUR", "lines": [], "needs_attention": false,
	"attention": [], "waivers": [], "repairs": [], "steps": [], "parcels": [], "acknowledgements": [{"reason": "read the log", "operator": "night",
	"reference": "case 4712", "at": "2026-01-02T03:04:05Z", "flags": [{"step": "shipping.book", "code": "REQUEST_MISMATCH", "kind": "bug", "since": "2026-01-01T03:04:05Z", "owed": ""}]}]}`

func TestRepair(t *testing.T) {
	t.Parallel()
	retry := []string{"repair", "order-o1", "payment.authorize", "--action", "retry", "--reason", "they are back"}

	t.Run("NamesTheRefundWhoseStepItIs", func(t *testing.T) {
		t.Parallel()
		flagged := strings.Replace(acknowledgedOrder, `"attention": []`,
			`"attention": [{"step": "payment.refund", "code": "PROVIDER_TIMEOUT", "kind": "unknown", "since": "2026-01-01T03:04:05Z", "owed": "money paid back", "saga": "r1"}]`, 1)
		addr, got := adminSays(t, http.StatusOK, strings.Replace(flagged, `"needs_attention": false`, `"needs_attention": true`, 1))
		out, err := once(t, []string{token}, "repair", "o1", "payment.refund", "--refund", "r1", "--action", "retry", "--reason", "it is back", "--admin-addr", addr)
		require.NoError(t, err)
		var body map[string]string
		require.NoError(t, json.NewDecoder((<-got).Body).Decode(&body))
		require.Equal(t, "r1", body["refund"])
		require.Contains(t, out, "called again; it still needs attention")
		require.Contains(t, out, "payment.refund\tr1\t")
	})

	t.Run("AsksTheAdminAddressAndShowsTheOrder", func(t *testing.T) {
		t.Parallel()
		addr, got := adminSays(t, http.StatusOK, repairedOrder)
		out, err := once(t, []string{token}, append(retry, "--admin-addr", "http://"+addr+"/", "--reference", "R1")...)
		require.NoError(t, err)
		r := <-got
		require.Equal(t, "POST /v1/orders/o1/repair", r.Method+" "+r.URL.Path)
		require.Equal(t, "Bearer night-night-night-1", r.Header.Get("Authorization"))
		require.NotEmpty(t, r.Header.Get("Idempotency-Key"))
		var body map[string]string
		require.NoError(t, json.NewDecoder(r.Body).Decode(&body))
		require.Equal(t, map[string]string{"step": "payment.authorize", "action": "retry", "reason": "they are back", "reference": "R1"}, body)
		for _, words := range []string{"retry of payment.authorize: called again; it still needs attention", "it is not known whether the money is still held", "night", "fetched by van", "V7"} {
			require.Contains(t, out, words)
		}
	})

	t.Run("IsDoneWhenTheStepNeedsNoAttentionAnyMore", func(t *testing.T) {
		t.Parallel()
		addr, _ := adminSays(t, http.StatusOK, repairedOrder)
		out, err := once(t, []string{token}, "repair", "o1", "shipping.book", "--action", "skip", "--reason", "fetched by van", "--admin-addr", addr)
		require.NoError(t, err)
		require.Contains(t, out, "skip of shipping.book: done\n", "the flag of another step does not matter")
	})

	t.Run("SaysWhenTheEffectComesLater", func(t *testing.T) {
		t.Parallel()
		addr, _ := adminSays(t, http.StatusAccepted, repairedOrder)
		out, err := once(t, []string{token, "AMENDS_ADMIN_ADDR=" + addr}, retry...)
		require.NoError(t, err)
		require.Contains(t, out, "retry of payment.authorize: recorded, takes effect later")
	})

	t.Run("AcknowledgesAnOrder", func(t *testing.T) {
		t.Parallel()
		addr, got := adminSays(t, http.StatusOK, acknowledgedOrder)
		acknowledge := []string{"repair", "order-o1", "--action", "acknowledge", "--reason", "read the log", "--admin-addr", addr}
		out, err := once(t, []string{token}, acknowledge...)
		require.NoError(t, err)
		r := <-got
		require.Equal(t, "POST /v1/orders/o1/repair", r.Method+" "+r.URL.Path)
		var body map[string]string
		require.NoError(t, json.NewDecoder(r.Body).Decode(&body))
		require.Equal(t, map[string]string{"action": "acknowledge", "reason": "read the log"}, body)
		for _, words := range []string{"acknowledge of the order: done\n", "shipping.book", "REQUEST_MISMATCH", "night", "read the log", "case 4712"} {
			require.Contains(t, out, words)
		}

		addr, _ = adminSays(t, http.StatusOK, strings.Replace(acknowledgedOrder, "false", "true", 1))
		out, err = once(t, []string{token}, append(acknowledge[:6], "--admin-addr", addr)...)
		require.NoError(t, err)
		require.Contains(t, out, "acknowledge of the order: done; it needs attention again")
	})

	t.Run("SaysFirstWhatARerunWillDo", func(t *testing.T) {
		t.Parallel()
		done := strings.Replace(acknowledgedOrder, `"steps": []`, `"steps": [{"name": "payment.authorize", "state": "undone", "attempts": 1}, {"name": "catalog.quote", "state": "done", "attempts": 1}]`, 1)
		var mu sync.Mutex
		var bodies []map[string]any
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			var body map[string]any
			_ = json.NewDecoder(r.Body).Decode(&body)
			mu.Lock()
			defer mu.Unlock()
			bodies = append(bodies, body)
			_, _ = io.WriteString(w, done)
		}))
		t.Cleanup(s.Close)
		args := []string{"repair", "order-o1", "--action", "rerun", "--reason", "restored", "--admin-addr", s.URL}
		p := start(t, []string{token}, append(slices.Clip(args), "--dry-run")...)
		require.NoError(t, p.wait(t))
		require.Equal(t, []map[string]any{{"action": "rerun", "reason": "restored", "dry_run": true}}, bodies, "nothing is done")
		require.Contains(t, p.err.String(), "The order is cancelled, and stays so")
		require.Regexp(t, `payment.authorize\tundone\t.*stays undone`, p.err.String())
		require.Regexp(t, `catalog.quote\tdone\t.*its record answers`, p.err.String())
		require.Empty(t, p.out.String())

		p = start(t, []string{token}, args...)
		require.NoError(t, p.wait(t))
		require.Len(t, bodies, 3)
		require.Equal(t, map[string]any{"action": "rerun", "reason": "restored"}, bodies[2])
		require.Contains(t, p.err.String(), "stays undone")
		require.Contains(t, p.out.String(), "rerun of the order: done")
	})

	t.Run("PrintsJSON", func(t *testing.T) {
		t.Parallel()
		addr, _ := adminSays(t, http.StatusOK, repairedOrder)
		out, err := once(t, []string{token}, append(retry, "--admin-addr", addr, "--json")...)
		require.NoError(t, err)
		require.JSONEq(t, repairedOrder, out)
	})

	t.Run("SaysWhyItIsRefused", func(t *testing.T) {
		t.Parallel()
		addr, _ := adminSays(t, http.StatusUnprocessableEntity, `{"code": "REFERENCE_MISSING", "title": "The reference is missing", "detail": "Say where.",
			"errors": [{"pointer": "/reference", "code": "REQUIRED", "detail": "is missing"}]}`)
		_, err := once(t, []string{token}, append(retry, "--admin-addr", addr)...)
		require.EqualError(t, err, "repair: REFERENCE_MISSING: The reference is missing. Say where.\nrepair: reference is missing")
	})

	t.Run("AsksWhetherThatIsAnAdminAddress", func(t *testing.T) {
		t.Parallel()
		addr, _ := adminSays(t, http.StatusNotFound, "no such page")
		_, err := once(t, []string{token}, append(retry, "--admin-addr", addr)...)
		require.EqualError(t, err, "repair: 404 Not Found; is this the admin address of an API?")
	})

	for name, test := range map[string]struct {
		args, env []string
		want      string
	}{
		"NoToken":       {args: retry, want: "operator_token: must be set (AMENDS_OPERATOR_TOKEN), to the secret of one of the API's operator_tokens"},
		"NoStep":        {args: retry[:2], want: "repair needs an order's id and a step, and nothing else: amends repair ORDER STEP"},
		"NoAction":      {args: []string{"repair", "o", "s", "--reason", "r"}, want: `required flag(s) "action" not set`},
		"NoSuchAction":  {args: []string{"repair", "o", "s", "--action", "rety", "--reason", "r"}, want: `repair: --action must be retry, skip, resume, rerun, nudge or acknowledge, is "rety"`},
		"AckOfAStep":    {args: []string{"repair", "o", "s", "--action", "acknowledge", "--reason", "r"}, want: "repair --action acknowledge needs an order's id, and nothing else: amends repair ORDER"},
		"DryRetry":      {args: append(slices.Clip(retry), "--dry-run"), env: []string{token}, want: "repair: --dry-run goes with --action resume and rerun"},
		"ResumeOfAStep": {args: []string{"repair", "o", "s", "--action", "resume", "--reason", "r"}, want: "repair --action resume needs an order's id, and nothing else"},
		"AckNoReason":   {args: []string{"repair", "o", "--action", "acknowledge"}, want: `required flag(s) "reason" not set`},
		"ListsOfTwo":    {args: []string{"orders", "--acknowledged", "--needs-attention"}, want: "orders: give either --needs-attention or --stuck or --acknowledged"},
		"NoReason":      {args: []string{"repair", "o", "s", "--action", "skip"}, want: `required flag(s) "reason" not set`},
		"NobodyThere":   {args: append(slices.Clip(retry), "--admin-addr", "127.0.0.1:1"), env: []string{token}, want: "repair: nothing listens at http://127.0.0.1:1, so nothing was changed"},
		"OtherScheme":   {args: append(slices.Clip(retry), "--admin-addr", "ftp://x"), env: []string{token}, want: "admin_addr: must be host:port, or a URL of no more than http or https, host and port"},
		"URLWithAPath":  {args: append(slices.Clip(retry), "--admin-addr", "http://x/v1"), env: []string{token}, want: "admin_addr: must be host:port, or a URL of no more than"},
		"BadOperators":  {args: []string{"api"}, env: []string{"AMENDS_OPERATOR_TOKENS=night=hunter2"}, want: "operator_tokens: must have secrets of 16 to 256 characters; that of entry 1 has 7"},
		"ListOfNothing": {args: []string{"orders", "--data-dir", "/nowhere"}, want: "there is no /nowhere/query.db"},
		"ListOfASKU":    {args: []string{"order", "list", "--stuck", "--sku", "MUG"}, want: "orders: --sku and --customer go with none of"},
		"ListOfBoth":    {args: []string{"orders", "--stuck", "--needs-attention"}, want: "orders: give either --needs-attention or --stuck"},
		"StuckByStatus": {args: []string{"orders", "--stuck", "--status", "PENDING", "--limit", "0"}, want: "orders: --status does not go with --stuck: a stuck order is PENDING\norders: --limit must be from 1 to 1000, is 0"},
		"NoSuchStatus":  {args: []string{"orders", "--needs-attention", "--status", "OPEN", "--data-dir", migratedDir(t)}, want: `"OPEN" is not a status of an order`},
		"NoDatabase":    {args: []string{"orders", "--needs-attention", "--data-dir", "/nowhere"}, want: "there is no /nowhere/order.db"},
		"NoEngine":      {args: []string{"orders", "--stuck", "--data-dir", migratedDir(t), "--temporal-address", "127.0.0.1:1"}, want: "Temporal at 127.0.0.1:1 is not reachable"},
	} {
		t.Run("RefusesInOneLine"+name, func(t *testing.T) {
			t.Parallel()
			_, err := once(t, append(test.env, "HOME="+t.TempDir()), test.args...)
			require.ErrorContains(t, err, test.want)
			require.NotContains(t, err.Error(), "hunter2")
			require.NotContains(t, err.Error(), "night-night")
		})
	}
}

// migratedDir returns a folder with an order service's database without orders.
func migratedDir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	_, err := once(t, []string{"AMENDS_SERVICES_ORDER_DSN=sqlite:" + filepath.Join(dir, "order.db")}, "migrate", "order")
	require.NoError(t, err)
	return dir
}

func TestOrdersOfAnEmptyShop(t *testing.T) {
	t.Parallel()
	dir := migratedDir(t)
	needs := []string{"orders", "--needs-attention", "--data-dir", dir, "--temporal-address", "127.0.0.1:1"}
	p := start(t, nil, needs...)
	require.NoError(t, p.wait(t))
	require.Empty(t, p.out.String(), "a script reads the table, and there is none")
	for _, source := range []string{"no order needs attention\n", "not asked: engine: ", "not asked: dead letters of payment: "} {
		require.Contains(t, p.err.String(), source, "it is not known that nothing is wrong")
	}
	out, err := once(t, nil, "orders", "--acknowledged", "--data-dir", dir)
	require.NoError(t, err)
	require.Empty(t, out)
	out, err = once(t, nil, "orders", "--acknowledged", "--data-dir", dir, "--json")
	require.NoError(t, err)
	require.JSONEq(t, `{"orders": [], "total": 0}`, out)
	out, err = once(t, nil, append(needs, "--json")...)
	require.NoError(t, err)
	var list struct {
		Orders, Stuck []any
		Total         int
		NotAsked      map[string]string `json:"not_asked"`
	}
	require.NoError(t, json.Unmarshal([]byte(out), &list))
	require.Equal(t, []int{0, 0, 0}, []int{len(list.Orders), len(list.Stuck), list.Total})
	require.Contains(t, list.NotAsked, "engine")
}
