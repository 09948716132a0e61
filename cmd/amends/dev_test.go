package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/demo"
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/proof/enginetest"
	"github.com/amends/amends/worker/registry"
)

func TestDev(t *testing.T) {
	t.Parallel()
	dir, calls := t.TempDir(), freeAddress(t)
	p := startDev(t, dir, "--rpc-listen", calls)

	// The banner's curl command runs in a shell.
	pasted, err := exec.CommandContext(t.Context(), "sh", "-c", p.curl).Output()
	require.NoError(t, err)
	var order map[string]any
	require.NoError(t, json.Unmarshal(pasted, &order), "%s", pasted)
	require.Equal(t, "CONFIRMED", order["status"], "%s", pasted)
	require.Len(t, order["parcels"], 2)
	id := text(t, order["id"])

	for _, url := range []string{p.api + "/docs", p.api + "/openapi.yaml", p.api + "/readyz", p.admin + "/readyz", p.admin + "/metrics", p.ui} {
		code, _ := call(t, http.MethodGet, url, "", nil)
		require.Equal(t, http.StatusOK, code, url)
	}
	_, metrics := call(t, http.MethodGet, p.admin+"/metrics", "", nil)
	for _, line := range []string{
		`amends_http_request_seconds_count{code="200",method="POST",route="/v1/orders"} 1`,
		`temporal_local_activity_execution_latency_seconds_count{activity_type="inventory.reserve"`,
	} {
		require.True(t, strings.Contains(text(t, metrics["text"]), line), line) //nolint:testifylint // Contains would print all metrics
	}

	letsInNobody(t, dir, calls)
	tellsStock(t, p.api, "TEAPOT-LIMITED", 10)
	mine := map[string]string{"Authorization": "Bearer " + keyOf(t, dir)}
	gathers(t, p.api, id, mine)
	tellsTheCustomer(t, p, dir, id)
	knowsItsAccounts(t, dir, p.api)
	isFoundByItsFolder(t, dir, id)

	// Commands beside it find its databases by the data folder.
	out, err := once(t, nil, "stock", "receive", "TEAPOT-LIMITED", "5", "--warehouse", "BER", "--data-dir", dir)
	require.NoError(t, err)
	require.Equal(t, "TEAPOT-LIMITED in BER: 15 available, 0 reserved, 0 sold, 15 ever received\n", out)
	_, err = once(t, nil, "stock", "receive", "TEAPOT-LIMITD", "5", "--warehouse", "BRE", "--data-dir", dir)
	require.EqualError(t, err, `SKU "TEAPOT-LIMITD" and warehouse "BRE": never received before; is it misspelt? Nothing was booked; give --new if it is the first delivery`)
	products := filepath.Join(t.TempDir(), "products.json")
	require.NoError(t, os.WriteFile(products, []byte(`[{"sku":"NEW","name":"New","category":"c","price":{"amount":1,"currency":"EUR"},"active":true}]`), 0o600))
	out, err = once(t, nil, "catalog", "import", products, "--data-dir", dir)
	require.NoError(t, err)
	require.Equal(t, "products imported: 1\n", out)

	// A second platform on the folder is refused, in one line.
	_, err = once(t, nil, append([]string{"dev", "--data-dir", dir, "--temporal-bin", enginetest.CLI(t)}, anyPorts...)...)
	require.EqualError(t, err, "data_dir: "+dir+" is in use by another amends; stop it, or choose another with --data-dir")

	// A stop during an authorization drains. How often it is tried shows nothing: the slow
	// answer takes longer than the first try of an express order may, which is cut off by its
	// own limit. TestDevStopsAndGoesOn of proof/e2e stops a durable attempt.
	slow := text(t, place(t, p.api, "slow", "tok_slow", false)["id"])
	require.Eventually(t, func() bool { return step(t, p.api, slow, "payment.authorize")["state"] == "running" }, patience, 10*time.Millisecond)
	batch := startBatch(t, p, dir, slow, id)
	began := time.Now()
	require.NoError(t, p.end(t))
	require.Less(t, time.Since(began), drained)
	gone(t, p.ui) // no child is left
	isForgotten(t, dir)

	// An invoice needs no engine, no worker, no API.
	out, err = once(t, nil, "order", "invoice", id, "--json", "--data-dir", dir)
	require.NoError(t, err)
	require.Contains(t, out, `"number": "INV-00000001"`)
	_, err = once(t, nil, "order", "invoice", slow, "--data-dir", dir)
	require.ErrorContains(t, err, "ORDER_NOT_CONFIRMED")

	// A second start continues where the first stopped.
	p = startDev(t, dir)
	code, _ := call(t, http.MethodGet, p.api+"/v1/orders/"+id, "", nil)
	require.Equal(t, http.StatusNotFound, code, "it belongs to the demo customer")
	_, order = call(t, http.MethodGet, p.api+"/v1/orders/"+id, "", mine)
	require.Equal(t, "CONFIRMED", order["status"])
	require.Eventually(t, func() bool {
		_, order = call(t, http.MethodGet, p.api+"/v1/orders/"+slow, "", nil)
		return order["status"] == "CONFIRMED"
	}, patience, 50*time.Millisecond)
	resumeBatch(t, p, dir, batch)
	out, err = once(t, nil, "stock", "receive", "TEAPOT-LIMITED", "1", "--warehouse", "BER", "--data-dir", dir)
	require.NoError(t, err)
	require.Contains(t, out, "16 ever received", "a second start adds no stock")
}

// accessOf returns the keys of the demo of a data folder.
func accessOf(t *testing.T, dir string) demo.Access {
	t.Helper()
	access, err := demo.Read(filepath.Join(dir, "demo.json"))
	require.NoError(t, err)
	return access
}

// keyOf returns the API key of the demo customer of a data folder.
func keyOf(t *testing.T, dir string) string {
	t.Helper()
	return accessOf(t, dir).APIKey
}

// gathers requires answers of several services, for the order of the banner.
func gathers(t *testing.T, api, id string, owner map[string]string) {
	t.Helper()
	overview := whole(t, api+"/v1/orders/"+id+"/overview", owner)
	require.Len(t, overview["shipments"], 2)
	payment, _ := overview["payment"].(map[string]any)
	require.Equal(t, "captured", payment["state"], "%v", overview)
	require.NotEmpty(t, payment["invoice_number"])
	require.Equal(t, []any{
		map[string]any{"sku": "MUG-STONEWARE", "name": "Stoneware mug"}, map[string]any{"sku": "KETTLE-STEEL", "name": "Steel kettle"},
	}, overview["products"])
	invoice := whole(t, api+"/v1/orders/"+id+"/invoice", owner)
	require.Equal(t, payment["invoice_number"], invoice["number"])
	require.Equal(t, map[string]any{"amount": 12600., "currency": "EUR"}, invoice["remaining"])
	address, _ := invoice["ship_to"].(map[string]any)
	require.NotEmpty(t, address["city"], "%v", invoice)
	product := whole(t, api+"/v1/products/TEA-SOLD-OUT", nil)
	stock, _ := product["stock"].(map[string]any)
	require.InDelta(t, 0, stock["available"], 0)
}

// knowsItsAccounts follows an account from its registration to its session, and asks with the
// key of the demo's customer.
func knowsItsAccounts(t *testing.T, dir, api string) {
	t.Helper()
	access := accessOf(t, dir)
	code, me := call(t, http.MethodGet, api+"/v1/me", "", map[string]string{"Authorization": "Bearer " + access.APIKey})
	require.Equal(t, http.StatusOK, code, "%v", me)
	require.Equal(t, access.CustomerID, me["id"])

	post := func(path, body string) (int, map[string]any) {
		return call(t, http.MethodPost, api+path, body, map[string]string{"Content-Type": "application/json"})
	}
	code, answer := post("/v1/users", `{"email": "ada@example.com", "name": "Ada"}`)
	require.Equal(t, http.StatusAccepted, code, "%v", answer)
	code, answer = post("/v1/users/verification", `{"token": "`+mailed(t, dir, "Confirm your registration", `amv_[\w-]+`)+`", "password": "correct horse battery"}`)
	require.Equal(t, http.StatusOK, code, "%v", answer)
	code, tokens := post("/v1/sessions", `{"email": "ada@example.com", "password": "correct horse battery"}`)
	require.Equal(t, http.StatusCreated, code, "%v", tokens)
	session := map[string]string{"Authorization": "Bearer " + text(t, tokens["access_token"])}
	code, me = call(t, http.MethodGet, api+"/v1/me", "", session)
	require.Equal(t, http.StatusOK, code, "%v", me)
	require.Equal(t, "ada@example.com", me["email"])
	code, _ = call(t, http.MethodDelete, api+"/v1/sessions/current", "", session)
	require.Equal(t, http.StatusNoContent, code)
	require.Eventually(t, func() bool {
		code, _ := call(t, http.MethodGet, api+"/v1/me", "", session)
		return code == http.StatusUnauthorized
	}, patience, 50*time.Millisecond, "the gateway follows the list of ended sessions")
}

// mailed waits for a mail in the mailbox of a data folder, and returns the match of its text.
func mailed(t *testing.T, dir, subject, pattern string) (found string) {
	t.Helper()
	require.Eventually(t, func() bool {
		out, err := once(t, nil, "mail", "list", "--json", "--data-dir", dir)
		require.NoError(t, err)
		var mails []struct{ Subject, Text string }
		require.NoError(t, json.Unmarshal([]byte(out), &mails))
		for _, m := range mails {
			if m.Subject == subject {
				found = regexp.MustCompile(pattern).FindString(m.Text)
				return found != ""
			}
		}
		return false
	}, patience, 50*time.Millisecond, "a mail arrives: %s", subject)
	return found
}

// tellsTheCustomer checks that the customer of an order has one mail of its end, which
// operators see.
func tellsTheCustomer(t *testing.T, p *platformUnderTest, dir, id string) {
	t.Helper()
	require.Equal(t, id, mailed(t, dir, "Your order "+id+" is confirmed", id))
	out, err := once(t, nil, "mail", "show", "--data-dir", dir)
	require.NoError(t, err)
	require.Contains(t, out, "To:      customer@demo.example\n")
	require.Contains(t, out, p.api+"/v1/orders/"+id+"/invoice?lang=")
	out, err = once(t, nil, "notification", "list", id, "--json", "--data-dir", dir)
	require.NoError(t, err)
	require.Equal(t, 1, strings.Count(out, `"kind": "order.confirmed"`), out)
	code, _ := call(t, http.MethodGet, p.admin+"/v1/orders/"+id+"/notifications", "", nil)
	require.Equal(t, http.StatusForbidden, code, "there is no operator")
}

func TestDevOnPostgres(t *testing.T) {
	t.Parallel()
	dir, server := t.TempDir(), dbtest.Postgres(t)
	settings, payment := certified(t)
	p := startDev(t, dir, "--database-url", server, "--config", settings)
	t.Cleanup(func() { dropAll(t, server) }) // only now: it would not have started on those of another folder
	require.Equal(t, "CONFIRMED", place(t, p.api, "k", "tok_visa", true)["status"])
	files, err := filepath.Glob(filepath.Join(dir, "*.db"))
	require.NoError(t, err)
	require.Equal(t, []string{filepath.Join(dir, "temporal.db")}, files)

	info, err := os.Stat(filepath.Join(dir, "passwords.json"))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	content, err := os.ReadFile(filepath.Join(dir, "passwords.json"))
	require.NoError(t, err)
	passwords := map[string]string{}
	require.NoError(t, json.Unmarshal(content, &passwords))
	require.Len(t, passwords, 12)
	for _, secret := range []string{"secrets", "demo.json"} {
		info, err := os.Stat(filepath.Join(dir, secret))
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode().Perm(), secret)
	}

	// A certificate that cannot be used is seen where those of split processes are.
	require.NoError(t, os.WriteFile(payment, []byte("half of it"), 0o600))
	require.Eventually(t, func() bool {
		_, ready := call(t, http.MethodGet, p.admin+"/readyz", "", nil)
		return strings.Contains(fmt.Sprint(ready["warnings"]), "a certificate file is not used: ")
	}, patience, 20*time.Millisecond)

	// Another folder is refused before it changes anything, while the first one serves.
	other := t.TempDir()
	_, err = once(t, nil, append(append([]string{"dev", "--data-dir", other, "--temporal-bin", enginetest.CLI(t)}, anyPorts...), "--database-url", server)...)
	require.EqualError(t, err, "DATABASE_NOT_OURS: database of order: it belongs to the installation "+installed(t, dir)+", and this is "+installed(t, other))
	require.Equal(t, "CONFIRMED", place(t, p.api, "k2", "tok_visa", true)["status"])
	require.NoError(t, p.end(t))

	out, err := once(t, nil, "stock", "receive", "MUG-STONEWARE", "1", "--warehouse", "BER", "--data-dir", dir, "--database-url", server)
	require.NoError(t, err)
	require.Equal(t, "MUG-STONEWARE in BER: 99999 available, 0 reserved, 2 sold, 100001 ever received\n", out)
}

// certified returns a file of settings with certificates for all callers, and the path of
// the certificate of payment.
func certified(t *testing.T) (settings, payment string) {
	t.Helper()
	dir := t.TempDir()
	for _, verb := range []string{"init", "issue"} {
		_, err := once(t, nil, "certs", verb, "--env", "test", "--dir", filepath.Join(dir, "authority"), "--out", dir)
		require.NoError(t, err)
	}
	settings = filepath.Join(dir, "amends.yaml")
	own, bundle := filepath.Join(dir, "{service}.pem"), filepath.Join(dir, "bundle.pem")
	file := fmt.Sprintf("identity: {env: test, cert: %q, key: %q, bundle: %q, every: 100ms}", own, own, bundle)
	require.NoError(t, os.WriteFile(settings, []byte(file), 0o600))
	return settings, filepath.Join(dir, "payment.pem")
}

// dropAll drops the databases and roles that `amends dev` has made on a server.
func dropAll(t *testing.T, server string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute) // the test's has ended
	defer cancel()
	conn, err := pgx.Connect(ctx, server)
	require.NoError(t, err)
	for _, d := range registry.Declarations() {
		for _, name := range []string{d.Name, d.Outside} {
			if name == "" {
				continue
			}
			for _, sql := range []string{"DROP DATABASE amends_" + name + " WITH (FORCE)", "DROP ROLE amends_" + name} {
				_, err = conn.Exec(ctx, sql)
				require.NoError(t, err)
			}
		}
	}
	require.NoError(t, conn.Close(ctx))
}

func TestDevRefusesPortsInUse(t *testing.T) {
	t.Parallel()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, l.Close()) })
	addr := l.Addr().String()
	port := strings.TrimPrefix(addr, "127.0.0.1:")
	for flag, want := range map[string]string{
		"--http-addr":     "http_addr: " + addr + " is in use; stop what uses it, or choose another with --http-addr",
		"--admin-addr":    "admin_addr: " + addr + " is in use; stop what uses it, or choose another with --admin-addr",
		"--temporal-port": "temporal_port: " + addr + " is in use; stop what uses it, or choose another with --temporal-port",
		"--ui-port":       "ui_port: " + addr + " is in use; stop what uses it, or choose another with --ui-port",
	} {
		value := addr
		if strings.HasSuffix(flag, "-port") {
			value = port
		}
		args := append([]string{"dev", "--data-dir", t.TempDir(), "--temporal-bin", enginetest.CLI(t)}, anyPorts...)
		_, err := once(t, nil, append(args, flag, value)...)
		require.EqualError(t, err, want)
	}
}

func TestDevEndsWhenAPartCannotStart(t *testing.T) {
	t.Parallel()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, l.Close()) })
	port := strings.TrimPrefix(l.Addr().String(), "127.0.0.1:")
	args := append([]string{"dev", "--data-dir", t.TempDir(), "--temporal-bin", enginetest.CLI(t)}, anyPorts...)
	waits := []string{"AMENDS_SERVICES_ORDER_DSN=postgres://u:p@127.0.0.1:1/x"} // where nothing listens
	_, err = once(t, waits, append(args, "--temporal-port", port)...)
	require.ErrorContains(t, err, "temporal_port: 127.0.0.1:"+port+" is in use", "and does not wait for the database first")
}

func TestDevStoppedWhileItStarts(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := start(t, nil, append([]string{"dev", "--data-dir", dir, "--temporal-bin", enginetest.CLI(t)}, anyPorts...)...)
	require.Eventually(t, func() bool {
		_, err := os.Stat(filepath.Join(dir, "temporal.pid"))
		return err == nil
	}, patience, time.Millisecond)
	require.NoError(t, p.end(t))
	require.NoFileExists(t, filepath.Join(dir, "temporal.pid"), "the child has ended")
	require.Empty(t, p.out.String())
}
