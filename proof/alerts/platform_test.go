//go:build record

package alerts_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/internal/dev/loopback"
	"github.com/amends/amends/internal/dev/temporal"
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/proof/enginetest"
	"github.com/amends/amends/proof/wait"
)

const orders = `{"customer_id":"cus_1","currency":"EUR","lines":[{"sku":"MUG-STONEWARE","quantity":1}],
	"ship_to":{"name":"A","line1":"B","city":"C","postal_code":"10115","country":"DE"},"payment_token":"%s"}`

// platform is a running platform: `amends dev`, and for some faults processes beside it.
type platform struct {
	dir, bin, api string
	processes     map[string]string // their admin addresses
	dev           *exec.Cmd
	payment       *exec.Cmd // a worker of its own, nil if dev runs it
	orders        int
}

func build(t *testing.T) string {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "amends")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-o", bin, "../../cmd/amends")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	return bin
}

// output collects the output of a process.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// start starts the platform of a scenario.
func start(t *testing.T, bin string, s scenario) *platform {
	t.Helper()
	p := &platform{dir: t.TempDir(), bin: bin, processes: map[string]string{}}
	switch s.name {
	case "certificate":
		p.certified(t)
	case "no-worker":
		p.split(t)
	default:
		p.joined(t, s.settings)
	}
	return p
}

// launch starts a process until the end of the test.
func (p *platform) launch(t *testing.T, environ []string, args ...string) (*exec.Cmd, *output) {
	t.Helper()
	cmd, out := exec.CommandContext(t.Context(), p.bin, args...), &output{}
	cmd.Env, cmd.Stdout, cmd.Stderr = append(environ, "HOME="+p.dir, "PATH="+os.Getenv("PATH")), out, out
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 30 * time.Second
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGCONT)
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait() // a killed process ends with an error
	})
	return cmd, out
}

// joined is `amends dev`.
func (p *platform) joined(t *testing.T, settings []string) {
	t.Helper()
	cmd, out := p.launch(t, settings, "dev", "--data-dir", p.dir, "--temporal-bin", enginetest.CLI(t),
		"--http-addr", "127.0.0.1:0", "--admin-addr", "127.0.0.1:0", "--temporal-port", "0", "--ui-port", "0")
	ready := regexp.MustCompile(`(?s)API +(\S+).*Metrics +http://(\S+)/metrics`)
	require.NoError(t, wait.Until(t.Context(), "the platform is ready", func() bool { return ready.MatchString(out.String()) }))
	m := ready.FindStringSubmatch(out.String())
	p.dev, p.api, p.processes["platform"] = cmd, m[1], m[2]
}

// file is the DSN of a database of the platform.
func (p *platform) file(name string) string { return "sqlite:" + filepath.Join(p.dir, name+".db") }

// split is a platform of several processes on an engine of its own.
func (p *platform) split(t *testing.T) {
	t.Helper()
	engine := enginetest.Start(t, temporal.Options{})
	environ := []string{"AMENDS_TEMPORAL_ADDRESS=" + engine.Address, "AMENDS_AUTH=optional", "AMENDS_GUEST_SECRET=the secret of the guests of tests"}
	services := []string{"order", "catalog", "inventory", "payment", "shipping"}
	for _, s := range services {
		environ = append(environ, "AMENDS_SERVICES_"+strings.ToUpper(s)+"_DSN="+p.file(s))
	}
	environ = append(environ, "AMENDS_SERVICES_PAYMENT_PROVIDER_DSN="+p.file("provider"), "AMENDS_SERVICES_SHIPPING_CARRIER_DSN="+p.file("carrier"))
	p.run(t, environ, append([]string{"migrate", "temporal"}, services...)...)
	p.run(t, environ, "catalog", "import", "../../cmd/amends/testdata/mug.json")
	p.run(t, environ, "stock", "receive", "MUG-STONEWARE", "100000", "--warehouse", "BER", "--new")
	for _, s := range append(services, "api") {
		admin, public := address(t), address(t)
		args := []string{"worker", s}
		if s == "api" {
			args, p.api = []string{"api"}, "http://"+public
		}
		cmd, _ := p.launch(t, append(environ, "AMENDS_HTTP_ADDR="+public), append(args, "--admin-addr", admin)...)
		if s == "payment" {
			p.payment = cmd
		}
		p.processes[s] = admin
	}
	for name, admin := range p.processes {
		require.NoError(t, wait.Until(t.Context(), name, func() bool { return wait.Answers(t.Context(), "http://"+admin+"/readyz") }))
	}
}

// certified is a worker with certificates; no other process is needed to see when they end.
func (p *platform) certified(t *testing.T) {
	t.Helper()
	at := func(name string) string { return filepath.Join(p.dir, name) }
	for _, command := range []string{"init", "issue"} {
		p.run(t, nil, "certs", command, "--env", "trial", "--dir", at("authority"), "--out", at("certificates"), "--life", "7h")
	}
	engine, admin := enginetest.Start(t, temporal.Options{}), address(t)
	environ := []string{
		"AMENDS_TEMPORAL_ADDRESS=" + engine.Address, "AMENDS_SERVICES_CATALOG_DSN=" + p.file("catalog"),
		"AMENDS_IDENTITY_ENV=trial", "AMENDS_IDENTITY_BUNDLE=" + at("certificates/bundle.pem"),
		"AMENDS_IDENTITY_CERT=" + at("certificates/{service}.pem"), "AMENDS_IDENTITY_KEY=" + at("certificates/{service}.pem"),
	}
	p.run(t, environ, "migrate", "temporal", "catalog")
	p.launch(t, environ, "worker", "catalog", "--admin-addr", admin, "--rpc-listen", "127.0.0.1:0")
	p.processes["catalog"] = admin
	require.NoError(t, wait.Until(t.Context(), "the worker", func() bool { return wait.Answers(t.Context(), "http://"+admin+"/readyz") }))
}

// run runs a command to its end.
func (p *platform) run(t *testing.T, environ []string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), p.bin, args...)
	cmd.Env = append(environ, "HOME="+p.dir)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%v: %s", args, out)
}

func address(t *testing.T) string {
	t.Helper()
	a, err := loopback.FreeAddress(t.Context())
	require.NoError(t, err)
	return a
}

// watch takes orders and looks at the metrics for some time.
func (p *platform) watch(t *testing.T, s *series, during time.Duration) {
	t.Helper()
	s.wanted = wanted(t)
	ctx, cancel := context.WithTimeout(t.Context(), during)
	defer cancel()
	var shop sync.WaitGroup
	defer shop.Wait()
	if p.api != "" {
		shop.Go(func() { p.shop(ctx) })
	}
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for n := 0; n < int(during/every); n++ {
		for process, admin := range p.processes {
			page, err := scrape(t.Context(), admin)
			up := "1"
			if err != nil {
				up = "0"
			}
			s.put(labelled("up", process), up)
			s.add(process, page)
		}
		s.looks++
		<-ticker.C
	}
}

// scrape reads the metrics of a process.
func scrape(ctx context.Context, admin string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, every)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+admin+"/metrics", http.NoBody)
	if err != nil {
		return "", err
	}
	answer, err := http.DefaultClient.Do(request) //nolint:forbidigo // the context bounds it
	if err != nil {
		return "", err
	}
	defer func() { _ = answer.Body.Close() }()
	page, err := io.ReadAll(answer.Body)
	return string(page), err
}

// shop places an order every two seconds, and reads products, until ctx ends. What fails
// is part of the record.
func (p *platform) shop(ctx context.Context) {
	for wait.For(ctx, 2*time.Second) == nil {
		token := "tok_visa"
		if p.orders++; p.orders%10 == 0 {
			token = "tok_declined"
		}
		_, _ = p.place(ctx, token)
	}
}

// place places an order and returns its id.
func (p *platform) place(ctx context.Context, token string) (string, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 15*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, p.api+"/v1/orders", strings.NewReader(fmt.Sprintf(orders, token)))
	if err != nil {
		return "", err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Idempotency-Key", "a-key-of-the-recorder-"+strconv.FormatInt(time.Now().UnixNano(), 36))
	answer, err := http.DefaultClient.Do(request) //nolint:forbidigo // the context bounds it
	if err != nil {
		return "", err
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(answer.Body)
	id := regexp.MustCompile(`"id": ?"([^"]+)"`).FindStringSubmatch(string(body))
	if id == nil {
		return "", fmt.Errorf("%s: %s, %w", answer.Status, body, err)
	}
	return id[1], nil
}

// flag places an order whose payment has no outcome.
func (p *platform) flag(t *testing.T) {
	t.Helper()
	_, err := p.place(t.Context(), "tok_unknown")
	require.NoError(t, err)
}

// exec changes a row of a service's database.
func (p *platform) exec(t *testing.T, service, statement string) {
	t.Helper()
	db := dbtest.Open(t, p.file(service), database.Options{})
	require.NoError(t, db.Exec(statement).Error)
}

// poison tells an event that has nothing in it.
func (p *platform) poison(t *testing.T) {
	t.Helper()
	p.exec(t, "order", `INSERT INTO outbox (event_id, type, key, data, meta, at, error)
		SELECT 'poison', type, key, '"nothing"', meta, at, '' FROM outbox WHERE type = 'amends.order.confirmed.v1' LIMIT 1`)
}

// damage changes the stock.
func (p *platform) damage(t *testing.T) {
	t.Helper()
	p.exec(t, "inventory", "UPDATE stock SET reserved = reserved + 1, received = received + 1 WHERE sku = 'MUG-STONEWARE'")
}

// lock holds the database of the order service until the end of the test.
func (p *platform) lock(t *testing.T) {
	t.Helper()
	db := dbtest.Open(t, p.file("order"), database.Options{})
	sql, err := db.DB()
	require.NoError(t, err)
	conn, err := sql.Conn(t.Context())
	require.NoError(t, err)
	require.NoError(t, wait.Until(t.Context(), "the lock", func() bool {
		_, err := conn.ExecContext(t.Context(), "BEGIN IMMEDIATE")
		return err == nil
	}))
	t.Cleanup(func() { _ = conn.Close() })
}

// stall stops the engine for 3 of every 4 seconds.
func (p *platform) stall(t *testing.T) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "ps", "-o", "pid=", "--ppid", strconv.Itoa(p.dev.Process.Pid)).Output()
	require.NoError(t, err)
	pid, err := strconv.Atoi(strings.Fields(string(out))[0])
	require.NoError(t, err)
	engine, err := os.FindProcess(pid)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	t.Cleanup(func() { cancel(); <-ended })
	go func() {
		defer close(ended)
		for ctx.Err() == nil {
			_ = engine.Signal(syscall.SIGSTOP)
			_ = wait.For(ctx, 3*time.Second)
			_ = engine.Signal(syscall.SIGCONT)
			_ = wait.For(ctx, time.Second)
		}
	}()
}

// kill ends the worker of the payment service.
func (p *platform) kill(t *testing.T) {
	t.Helper()
	require.NoError(t, p.payment.Process.Kill())
}
