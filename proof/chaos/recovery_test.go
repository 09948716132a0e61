package chaos

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/amends/amends/api/client"
	"github.com/amends/amends/proof/wait"
)

// How long customers wait after a kill, with the default timing of the product:
// `make recovery`. The victim is started again at once.
func BenchmarkRecovery(b *testing.B) {
	timing := Usual()
	timing.LockTimeout = 3 * time.Second // a worker is killed while an attempt waits for a lock
	p := start(b, Prepare(b), timing, 1)
	shop, c := p.open(b), p.customers(b)
	for _, kill := range []struct {
		name string
		aim  time.Duration
		took func(*platform, testing.TB, *customers) time.Duration
	}{
		{"WorkerKilledToItsStepDone", timing.StartToClose + 3*time.Second, (*platform).workerKilled},
		{"PostgresKilledToFirstCommit", 10 * time.Second, (*platform).postgresKilled},
		{"EngineKilledToFirstProgress", 15 * time.Second, (*platform).engineKilled},
	} {
		b.Run(kill.name, func(b *testing.B) {
			var took []time.Duration
			for b.Loop() {
				took = append(took, kill.took(p, b, c))
				// The next one begins with an idle platform.
				require.NoError(b, p.ready(b.Context()))
				require.NoError(b, p.quiet(b.Context(), shop, timing.bound()))
			}
			slices.Sort(took)
			b.Logf("%v", took)
			b.ReportMetric(0, "ns/op") // without meaning
			b.ReportMetric(quantile(took, 0.5).Seconds(), "p50-s")
			b.ReportMetric(quantile(took, 0.95).Seconds(), "p95-s")
			b.ReportMetric(kill.aim.Seconds(), "aim-s")
		})
	}
	require.NoError(b, p.quiet(b.Context(), shop, timing.bound()))
	require.NoError(b, shop.Check(b.Context()))
}

// quantile returns the value that a share of the sorted values does not exceed.
func quantile(sorted []time.Duration, share float64) time.Duration {
	return sorted[max(0, int(float64(len(sorted))*share+0.999999)-1)]
}

// workerKilled kills the inventory's only worker in the middle of an attempt: the
// order's reservation is there when another attempt has made it.
func (p *platform) workerKilled(tb testing.TB, c *customers) time.Duration {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), time.Minute)
	defer cancel()
	blocker, err := p.connect(ctx, "inventory")
	require.NoError(tb, err)
	defer blocker.Close(context.WithoutCancel(ctx))
	block, err := blocker.Begin(ctx)
	require.NoError(tb, err)
	_, err = block.Exec(ctx, "SELECT 1 FROM stock FOR UPDATE")
	require.NoError(tb, err)
	id, err := placeOne(ctx, c)
	require.NoError(tb, err)
	p.awaitNumber(ctx, tb, 1, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")

	worker := p.parts["inventory"]
	began := time.Now()
	require.NoError(tb, p.on(worker.name, func(*process) error { return errors.Join(worker.kill(ctx), worker.start()) }))
	require.NoError(tb, block.Rollback(ctx))
	p.awaitNumber(ctx, tb, 1, "SELECT count(*) FROM reservations WHERE saga = $1", id)
	return time.Since(began)
}

// awaitNumber waits until the inventory's database answers with at least that.
func (p *platform) awaitNumber(ctx context.Context, tb testing.TB, least int, query string, args ...any) {
	tb.Helper()
	conn, err := p.connect(ctx, "inventory")
	require.NoError(tb, err)
	defer conn.Close(context.WithoutCancel(ctx))
	var failed error
	err = wait.Until(ctx, query, func() bool {
		var n int
		failed = conn.QueryRow(ctx, query, args...).Scan(&n)
		return failed == nil && n >= least
	})
	require.NoError(tb, errors.Join(err, failed))
}

// postgresKilled kills the services' PostgreSQL: an order that is placed and
// acknowledged afterwards was committed.
func (p *platform) postgresKilled(tb testing.TB, c *customers) time.Duration {
	tb.Helper()
	return firstPlaced(tb, c, p.services.Kill, p.services.Recover)
}

// engineKilled kills the engine: an order that is placed and acknowledged
// afterwards has had its first workflow task.
func (p *platform) engineKilled(tb testing.TB, c *customers) time.Duration {
	tb.Helper()
	return firstPlaced(tb, c, p.engine.kill, p.engine.start)
}

// firstPlaced kills a server and starts it again at once. It returns the time from
// the kill to the acknowledgement of an order placed after it. It tries one every
// 100 ms.
func firstPlaced(tb testing.TB, c *customers, kill, restart func(context.Context) error) time.Duration {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), 2*time.Minute)
	defer cancel()
	began := time.Now()
	require.NoError(tb, kill(ctx))
	restarted := make(chan error, 1)
	go func() { restarted <- restart(ctx) }()
	var first sync.Once
	var took time.Duration
	placed := make(chan struct{})
	var tries sync.WaitGroup
	every := time.NewTicker(100 * time.Millisecond)
	defer every.Stop()
	for done := false; !done; {
		tries.Go(func() {
			if _, err := placeOne(ctx, c); err == nil {
				first.Do(func() {
					took = time.Since(began)
					close(placed)
				})
			}
		})
		select {
		case <-placed:
			done = true
		case <-ctx.Done():
			require.NoError(tb, context.Cause(ctx))
		case <-every.C:
		}
	}
	tries.Wait()
	require.NoError(tb, <-restarted)
	return took
}

var errNotPlaced = errors.New("not placed")

// placeOne tries once to place an order that will be confirmed.
func placeOne(ctx context.Context, c *customers) (id string, err error) {
	o := Orders(1, 1, time.Second)[0]
	o.Body.Lines = []client.LineRequest{{Sku: tea, Quantity: 1}}
	o.Body.PaymentToken, o.Body.ShipTo.PostalCode, o.Body.Currency = "tok_visa", "10115", currency
	r, err := c.api.PlaceOrderWithResponse(ctx, &client.PlaceOrderParams{IdempotencyKey: uuid.NewString()}, o.Body)
	if err != nil {
		return "", err
	}
	if r.StatusCode() != http.StatusAccepted && r.StatusCode() != http.StatusOK {
		return "", errNotPlaced
	}
	return c.read(o, r), nil
}
