//go:build record

package alerts_test

import (
	"context"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/internal/dev/temporal"
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/proof/enginetest"
	"github.com/amends/amends/proof/skew/shifted"
	"github.com/amends/amends/proof/wait"
	"github.com/amends/amends/proof/whole"
	"github.com/amends/amends/services/payment/provider/simulator"
)

// platform is a running platform, and the orders that it takes.
type platform struct {
	*whole.Platform

	orders int
}

// start starts the platform of a scenario.
func start(t *testing.T, bin string, s scenario) *platform {
	t.Helper()
	p := &platform{Platform: whole.New(bin, t.TempDir())}
	switch s.name {
	case "certificate":
		p.certified(t)
	case "no-worker":
		p.Split(t, nil)
	case "clock":
		p.Split(t, nil)
		p.API = "" // orders tell nothing of clocks
	default:
		p.Joined(t, s.settings)
	}
	return p
}

// certified is a worker with certificates; no other process is needed to see when they end.
func (p *platform) certified(t *testing.T) {
	t.Helper()
	at := func(name string) string { return filepath.Join(p.Dir, name) }
	for _, command := range []string{"init", "issue"} {
		p.Run(t, "certs", command, "--env", "trial", "--dir", at("authority"), "--out", at("certificates"), "--life", "7h")
	}
	engine := enginetest.Start(t, temporal.Options{})
	p.Admin["catalog"] = whole.Address(t)
	p.Environ = []string{
		"AMENDS_TEMPORAL_ADDRESS=" + engine.Address, "AMENDS_SERVICES_CATALOG_DSN=" + p.File("catalog"),
		"AMENDS_IDENTITY_ENV=trial", "AMENDS_IDENTITY_BUNDLE=" + at("certificates/bundle.pem"),
		"AMENDS_IDENTITY_CERT=" + at("certificates/{service}.pem"), "AMENDS_IDENTITY_KEY=" + at("certificates/{service}.pem"),
	}
	p.Run(t, "migrate", "temporal", "catalog")
	p.Launch(t, "catalog", p.Environ, "worker", "catalog", "--admin-addr", p.Admin["catalog"], "--rpc-listen", "127.0.0.1:0")
	p.Ready(t, "catalog")
}

// watch takes orders and looks at the metrics for some time.
func (p *platform) watch(t *testing.T, s *series, during time.Duration) {
	t.Helper()
	s.wanted = wanted(t)
	ctx, cancel := context.WithTimeout(t.Context(), during)
	defer cancel()
	var shop sync.WaitGroup
	defer shop.Wait()
	if p.API != "" {
		shop.Go(func() { p.shop(ctx) })
	}
	ticker := time.NewTicker(*every)
	defer ticker.Stop()
	for n := 0; n < int(during / *every); n++ {
		for process, admin := range p.Admin {
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
	ctx, cancel := context.WithTimeout(ctx, *every)
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
		_, _ = p.Place(ctx, token)
	}
}

// flag places an order whose payment has no outcome.
func (p *platform) flag(t *testing.T) {
	t.Helper()
	_, err := p.Place(t.Context(), "tok_unknown")
	require.NoError(t, err)
}

// silence has the provider never tell the outcome of one payment: by its books it has only
// just taken it, always.
func (p *platform) silence(t *testing.T) {
	t.Helper()
	p.flag(t)
	db := dbtest.Open(t, p.File("provider"), database.Options{})
	require.NoError(t, wait.Until(t.Context(), "the provider has the payment", func() bool {
		row := db.Exec("UPDATE effects SET created_at = ? WHERE token_hash = ?",
			time.Now().UTC().AddDate(1, 0, 0), simulator.Hash(simulator.TokenUnknown))
		return row.Error == nil && row.RowsAffected == 1
	}))
}

// misdate starts the catalog's worker again, on a host whose clock is wrong.
func (p *platform) misdate(t *testing.T) {
	t.Helper()
	const variable = "AMENDS_TEMPORAL_ADDRESS="
	i := slices.IndexFunc(p.Environ, func(v string) bool { return strings.HasPrefix(v, variable) })
	moved := shifted.Engine(t, strings.TrimPrefix(p.Environ[i], variable), 15*time.Minute)
	p.Parts["catalog"].Stop()
	p.Launch(t, "catalog", append(slices.Clone(p.Environ), variable+moved), "worker", "catalog", "--admin-addr", p.Admin["catalog"])
	p.Ready(t, "catalog")
}

// poison tells an event that has nothing in it.
func (p *platform) poison(t *testing.T) {
	t.Helper()
	p.Exec(t, "order", `INSERT INTO outbox (event_id, type, key, data, meta, at, error)
		SELECT 'poison', type, key, '"nothing"', meta, at, '' FROM outbox WHERE type = 'amends.order.confirmed.v1' LIMIT 1`)
}

// damage changes the stock.
func (p *platform) damage(t *testing.T) {
	t.Helper()
	p.Exec(t, "inventory", "UPDATE stock SET reserved = reserved + 1, received = received + 1 WHERE sku = 'MUG-STONEWARE'")
}

// lock holds the database of the order service until the end of the test.
func (p *platform) lock(t *testing.T) {
	t.Helper()
	p.Lock(t, "order")
}

// stall stops the engine for 3 of every 4 seconds.
func (p *platform) stall(t *testing.T) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "ps", "-o", "pid=", "--ppid", strconv.Itoa(p.Parts["platform"].Pid())).Output()
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
	p.Parts["payment"].Kill()
}
