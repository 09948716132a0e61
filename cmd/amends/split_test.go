package main

import (
	"encoding/json"
	"net"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/dev/loopback"
	"github.com/amends/amends/internal/dev/temporal"
	"github.com/amends/amends/proof/enginetest"
	"github.com/amends/amends/workflows"
)

// environment configures every part of a split platform on SQLite files in dir.
func environment(dir, engine string) map[string][]string {
	all := []string{"AMENDS_TEMPORAL_ADDRESS=" + engine, "AMENDS_ADMIN_ADDR=127.0.0.1:0", "AMENDS_HTTP_ADDR=127.0.0.1:0", "HOME=" + dir, "AMENDS_AUTH=optional", "AMENDS_GUEST_SECRET=the secret of the guests of tests"}
	file := func(key, name string) string {
		return "AMENDS_SERVICES_" + key + "=sqlite:" + filepath.Join(dir, name+".db")
	}
	each := map[string][]string{
		"order":     {file("ORDER_DSN", "order")},
		"catalog":   {file("CATALOG_DSN", "catalog")},
		"inventory": {file("INVENTORY_DSN", "inventory")},
		"payment":   {file("PAYMENT_DSN", "payment"), file("PAYMENT_PROVIDER_DSN", "provider")},
		"shipping":  {file("SHIPPING_DSN", "shipping"), file("SHIPPING_CARRIER_DSN", "carrier")},
		"user":      {file("USER_DSN", "user"), "AMENDS_SERVICES_USER_SECRET=a secret of tests that is long enough"},
		"support":   {file("SUPPORT_DSN", "support")},
		"query":     {file("QUERY_DSN", "query")},
		"api":       {},

		"notification": {file("NOTIFICATION_DSN", "notification"), file("NOTIFICATION_MESSENGER_DSN", "messenger")},
	}
	for name := range each {
		each[name] = append(each[name], all...)
	}
	return each
}

func freeAddress(t *testing.T) string {
	t.Helper()
	address, err := loopback.FreeAddress(t.Context())
	require.NoError(t, err)
	return address
}

func TestSplit(t *testing.T) {
	t.Parallel()
	engine := enginetest.Start(t, temporal.Options{})
	env := environment(t.TempDir(), engine.Address)

	// Without the namespace every part fails, in one line.
	for _, args := range [][]string{{"api"}, {"order", "show", "x"}} {
		_, err := once(t, append(env["api"], "AMENDS_TEMPORAL_NAMESPACE=shop"), args...)
		require.EqualError(t, err, "NAMESPACE_MISSING: Temporal at "+engine.Address+" has no namespace \"shop\": `amends migrate temporal` creates it")
	}

	// Before the migrations every part waits, and reports why.
	admin := map[string]string{}
	parts := map[string]*process{}
	for _, name := range []string{"order", "catalog", "inventory", "payment", "shipping"} {
		admin[name] = freeAddress(t)
		parts[name] = start(t, env[name], "worker", name, "--admin-addr", admin[name])
		unready(t, admin[name], "database of "+name+": the database has not been migrated")
	}
	admin["api"] = freeAddress(t)
	public := freeAddress(t)
	parts["api"] = start(t, env["api"], "api", "--admin-addr", admin["api"], "--http-addr", public)
	unready(t, admin["api"], "search attribute")

	_, err := once(t, env["order"], "migrate", "order")
	require.NoError(t, err)
	unready(t, admin["order"], "namespace \"default\" has no search attribute AmendsOrderStatus=Keyword")

	out, err := once(t, env["api"], "migrate", "temporal")
	require.NoError(t, err)
	require.Equal(t, "temporal: namespace default has its search attributes\n", out)
	everything := []string{}
	for _, e := range env {
		everything = append(everything, e...)
	}
	out, err = once(t, everything, "migrate", "--all")
	require.NoError(t, err)
	require.Equal(t, 9, strings.Count(out, ": at the newest version\n"), out)
	out, err = once(t, env["order"], "migrate", "order", "temporal")
	require.NoError(t, err, "a repeat")
	require.Contains(t, out, "order: at the newest version\ntemporal: namespace")

	p := start(t, env["catalog"], "catalog", "import", "testdata/mug.json")
	require.NoError(t, p.wait(t))
	_, err = once(t, env["inventory"], "stock", "receive", "MUG-STONEWARE", "10", "--warehouse", "BER", "--new")
	require.NoError(t, err)
	for name, address := range admin {
		require.Eventually(t, func() bool {
			code, _ := call(t, http.MethodGet, "http://"+address+"/readyz", "", nil)
			return code == http.StatusOK
		}, patience, 20*time.Millisecond, name)
	}

	order := place(t, "http://"+public, "k", "tok_visa", true)
	require.Equal(t, "CONFIRMED", order["status"], "%v", order)
	shown, err := once(t, env["api"], "order", "show", text(t, order["id"]))
	require.NoError(t, err)
	require.Regexp(t, "Status\tCONFIRMED", shown)
	require.Regexp(t, "\npayment.capture\tdone\t1\t", shown)
	shown, err = once(t, env["api"], "order", "show", text(t, order["id"]), "--json")
	require.NoError(t, err)
	var view workflows.OrderView
	require.NoError(t, json.Unmarshal([]byte(shown), &view), shown)
	require.Equal(t, workflows.StatusConfirmed, view.Status)
	require.Equal(t, order["id"], view.ID)
	declined := place(t, "http://"+public, "k2", "tok_declined", true)
	shown, err = once(t, env["api"], "order", "show", text(t, declined["id"]))
	require.NoError(t, err)
	require.Regexp(t, "Status\tCANCELLED, PAYMENT_DECLINED", shown)
	require.Regexp(t, "inventory.reserve\tundone", shown)
	require.Regexp(t, "payment.authorize\trefused\t.*CARD_DECLINED", shown)
	unsure := place(t, "http://"+public, "k3", "tok_unknown", false)
	require.Eventually(t, func() bool {
		shown, err = once(t, env["api"], "order", "show", "order-"+text(t, unsure["id"])) // the workflow id, as in lists
		return err == nil && regexp.MustCompile(`payment.authorize\trunning\t[1-9]\d*\t.*PROVIDER_TIMEOUT`).MatchString(shown)
	}, patience, 50*time.Millisecond, "the attempts of a call that has not ended")
	_, err = once(t, env["api"], "order", "show", "unknown")
	require.EqualError(t, err, `no order "unknown", or its workflow is past its retention`)

	require.NoError(t, parts["order"].end(t))
	namesTheOrdersThatWait(t, everything, engine.Address, text(t, unsure["id"]))
	for name, part := range parts {
		require.NoError(t, part.end(t), name)
	}
}

// unready waits until a part reports the reason on its admin address.
func unready(t *testing.T, address, why string) {
	t.Helper()
	var detail any
	require.Eventually(t, func() bool {
		conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", address)
		if err != nil {
			return false
		}
		require.NoError(t, conn.Close())
		code, answer := call(t, http.MethodGet, "http://"+address+"/readyz", "", nil)
		detail = answer["detail"]
		text, _ := detail.(string)
		return code == http.StatusServiceUnavailable && strings.Contains(text, why)
	}, patience, 20*time.Millisecond, "waiting for %q, last %v", why, detail)
}

func TestPartsWaitForAnEngineThatIsNotThere(t *testing.T) {
	t.Parallel()
	engine := freeAddress(t) // where nothing listens
	env := environment(t.TempDir(), engine)
	_, err := once(t, env["order"], "migrate", "order")
	require.NoError(t, err)
	admin, adminAPI := freeAddress(t), freeAddress(t)
	worker := start(t, env["order"], "worker", "order", "--admin-addr", admin)
	api := start(t, env["api"], "api", "--admin-addr", adminAPI)
	unready(t, admin, "Temporal at "+engine+" is not reachable")
	unready(t, adminAPI, "")
	code, _ := call(t, http.MethodGet, "http://"+admin+"/healthz", "", nil)
	require.Equal(t, http.StatusOK, code, "alive, not ready")
	require.NoError(t, worker.end(t))
	require.NoError(t, api.end(t))

	_, err = once(t, env["api"], "migrate", "temporal", "--wait", "300ms")
	require.ErrorContains(t, err, "gave up after 300ms")
}
