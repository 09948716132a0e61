//go:build whole

package skew_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/amends/amends/api/client/guest"
	"github.com/amends/amends/internal/dev/loopback"
	"github.com/amends/amends/proof/shoptest"
	"github.com/amends/amends/proof/wait"
)

var source = flag.String("source", "../..", "the tree whose `amends` is built, for example that of an older release")

// ahead is added to Go's package time: the clock of a process is off by the seconds in
// a variable. Timers and durations do not change, as on a host whose clock is wrong.
const ahead = `package time

import "syscall"

var ahead = func() (n int64) {
	text, _ := syscall.Getenv("CLOCK_AHEAD")
	negative := len(text) > 0 && text[0] == '-'
	if negative {
		text = text[1:]
	}
	for i := range len(text) {
		n = n*10 + int64(text[i]-'0')
	}
	if negative {
		return -n
	}
	return n
}()
`

// buildShifted builds an amends whose clock can be off. The first build takes some
// minutes, because everything depends on the changed package.
func buildShifted(t *testing.T) (bin string) {
	t.Helper()
	dir := t.TempDir()
	original := filepath.Join(runtime.GOROOT(), "src", "time") //nolint:staticcheck // the test runs where it was built
	text, err := os.ReadFile(filepath.Join(original, "time.go"))
	require.NoError(t, err)
	const was = "sec, nsec, mono := runtimeNow()\n"
	require.Equal(t, 1, strings.Count(string(text), "func Now() Time {\n\t"+was), "package time has changed")
	shifted := strings.Replace(string(text), "func Now() Time {\n\t"+was, "func Now() Time {\n\t"+was+"\tsec += ahead\n", 1)
	replace := map[string]string{}
	for name, text := range map[string]string{"time.go": shifted, "ahead.go": ahead} {
		replace[filepath.Join(original, name)] = filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "overlay.json"), overlay, 0o600))
	bin = filepath.Join(dir, "amends")
	build := exec.CommandContext(t.Context(), "go", "build", "-overlay", filepath.Join(dir, "overlay.json"), "-o", bin, "./cmd/amends")
	build.Dir = *source
	out, err := build.CombinedOutput()
	require.NoError(t, err, "%s", out)
	return bin
}

// TestWholeProcesses prints, for each process whose clock is off, the outcome of an
// order, the time that it took, and what /readyz says. An engine that is ahead is the
// same as an API and workers that are behind. `make skew` runs it.
func TestWholeProcesses(t *testing.T) { //nolint:paralleltest // it measures times
	bin := buildShifted(t)
	engine := start(t)
	dir := t.TempDir()
	file := func(name string) string { return "sqlite:" + filepath.Join(dir, name+".db") }
	environ := []string{"HOME=" + dir, "AMENDS_TEMPORAL_ADDRESS=" + engine, "AMENDS_LOG_LEVEL=error", "AMENDS_AUTH=optional", "AMENDS_GUEST_SECRET=the secret of the guests of tests"}
	services := []string{"order", "catalog", "inventory", "payment", "shipping"}
	for _, s := range services {
		environ = append(environ, "AMENDS_SERVICES_"+strings.ToUpper(s)+"_DSN="+file(s))
	}
	environ = append(environ, "AMENDS_SERVICES_PAYMENT_PROVIDER_DSN="+file("provider"), "AMENDS_SERVICES_SHIPPING_CARRIER_DSN="+file("carrier"))
	migrate := exec.CommandContext(t.Context(), bin, append([]string{"migrate"}, services...)...)
	migrate.Env = environ
	out, err := migrate.CombinedOutput()
	require.NoError(t, err, "%s", out)
	shoptest.Open(t, shoptest.DSNs{
		Order: file("order"), Catalog: file("catalog"), Inventory: file("inventory"),
		Payment: file("payment"), Provider: file("provider"), Shipping: file("shipping"), Carrier: file("carrier"),
	}, false).Seed(t)

	fmt.Println("| process | its clock | order | after | /readyz of API and workers |")
	fmt.Println("|---|---|---|---|---|")
	for _, row := range []struct {
		process, clock string
		api, workers   time.Duration
	}{
		{"none", "right", 0, 0},
		{"API", "15 min ahead", off, 0},
		{"API", "15 min behind", -off, 0},
		{"workers", "15 min ahead", 0, off},
		{"workers", "15 min behind", 0, -off},
		{"engine", "15 min ahead", -off, -off},
		{"engine", "15 min behind", off, off},
	} {
		end := shiftedPlatform{t, bin, environ}.run(row.api, row.workers)
		fmt.Printf("| %s | %s | %s %s | %.1f s | %s |\n", row.process, row.clock, end.Status, end.Reason, end.took.Seconds(), end.ready)
	}
}

// shiftedPlatform is a platform of two processes, an API and the workers.
type shiftedPlatform struct {
	t       *testing.T
	bin     string
	environ []string
}

// browser asks for orders and pages.
var browser = &http.Client{Timeout: 30 * time.Second, Transport: guest.New(http.DefaultTransport)}

// outcome is the end of an order.
type outcome struct {
	ID, Status, Reason string
	ready              string
	took               time.Duration
}

// run starts the platform with clocks that are off, and has it decide an order.
func (p shiftedPlatform) run(api, workers time.Duration) (end outcome) {
	ctx, stop := context.WithTimeout(p.t.Context(), 15*time.Minute)
	defer stop()
	public, admin := p.address(), []string{p.address(), p.address()}
	p.launch(ctx, api, []string{"AMENDS_HTTP_ADDR=" + public, "AMENDS_ADMIN_ADDR=" + admin[0]}, "api")
	p.launch(ctx, workers, []string{"AMENDS_ADMIN_ADDR=" + admin[1]}, "worker", "order", "catalog", "inventory", "payment", "shipping")
	for _, a := range admin {
		require.NoError(p.t, wait.Until(ctx, a+" is ready", func() bool { return wait.Answers(ctx, "http://"+a+"/readyz") }))
	}
	began := time.Now()
	end = p.call(ctx, http.MethodPost, "http://"+public+"/v1/orders")
	for end.Status == "PENDING" {
		require.NoError(p.t, wait.For(ctx, 100*time.Millisecond))
		end = p.call(ctx, http.MethodGet, "http://"+public+"/v1/orders/"+end.ID)
	}
	end.took = time.Since(began)
	var says []string
	for _, a := range admin {
		says = append(says, strings.TrimSpace(p.text(ctx, http.MethodGet, "http://"+a+"/readyz")))
	}
	end.ready = strings.Join(says, " · ")
	return end
}

func (p shiftedPlatform) address() string {
	address, err := loopback.FreeAddress(p.t.Context())
	require.NoError(p.t, err)
	return address
}

// launch starts a process whose clock is ahead, until ctx ends.
func (p shiftedPlatform) launch(ctx context.Context, ahead time.Duration, environ []string, args ...string) {
	cmd := exec.CommandContext(ctx, p.bin, args...)
	cmd.Env = append(append(environ, fmt.Sprintf("CLOCK_AHEAD=%d", int64(ahead.Seconds()))), p.environ...)
	cmd.Stderr = os.Stderr
	require.NoError(p.t, cmd.Start())
	p.t.Cleanup(func() { _ = cmd.Wait() }) // it was killed when its context ended
}

// call places an order or reads one.
func (p shiftedPlatform) call(ctx context.Context, method, url string) (o outcome) {
	require.NoError(p.t, json.Unmarshal([]byte(p.text(ctx, method, url)), &o))
	return o
}

func (p shiftedPlatform) text(ctx context.Context, method, url string) string {
	const order = `{"customer_id": "cus_1", "currency": "EUR", "lines": [{"sku": "MUG", "quantity": 2}, {"sku": "KETTLE", "quantity": 1}],
		"ship_to": {"name": "A. Buyer", "line1": "Hauptstr. 1", "city": "Berlin", "postal_code": "10115", "country": "DE"}, "payment_token": "tok_visa"}`
	r, err := http.NewRequestWithContext(ctx, method, url, http.NoBody)
	require.NoError(p.t, err)
	if method == http.MethodPost {
		r, err = http.NewRequestWithContext(ctx, method, url, strings.NewReader(order))
		require.NoError(p.t, err)
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Idempotency-Key", uuid.NewString())
	}
	res, err := browser.Do(r)
	require.NoError(p.t, err)
	defer func() { _ = res.Body.Close() }() // it has been read
	var text bytes.Buffer
	_, err = text.ReadFrom(res.Body)
	require.NoError(p.t, err)
	return text.String()
}
