//go:build unix

package api

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"

	"github.com/amends/amends/api/problem"
	"github.com/amends/amends/api/shop"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/identity/token"
	"github.com/amends/amends/internal/orders/identity"
	"github.com/amends/amends/internal/quota"
	"github.com/amends/amends/proof/rpctest"
	"github.com/amends/amends/services/inventory"
	inventoryrpc "github.com/amends/amends/services/inventory/rpc"
	"github.com/amends/amends/workflows"
)

var costRequests = flag.Int("cost.requests", 0, "requests of each kind that are measured, 500 in a second; 0: none")

// direct is inventory as it is asked over gRPC.
type direct struct {
	inventory.Direct
	fakeInventory
}

func (d direct) Stock(ctx context.Context, sku string) ([]inventory.Stock, error) {
	return d.fakeInventory.Stock(ctx, sku)
}

// CheckStock implements [inventory.Direct].
func (d direct) CheckStock(ctx context.Context, lines []inventory.Line) (inventory.Availability, error) {
	return d.fakeInventory.CheckStock(ctx, lines)
}

// Reserved implements [inventory.Direct].
func (d direct) Reserved(ctx context.Context, saga string) ([]inventory.Reserved, error) {
	return d.fakeInventory.Reserved(ctx, saga)
}

// cost is that of calls at a constant rate, each from when it was due.
type cost struct {
	cpu, p50, p99 time.Duration
	gaveWay       int // calls that were refused because the machine was busy with others
}

func (c cost) String() string {
	ms := func(d time.Duration) string { return fmt.Sprintf("%.2f ms", float64(d.Microseconds())/1000) }
	return fmt.Sprintf("CPU %s, p50 %s, p99 %s, %d gave way", ms(c.cpu), ms(c.p50), ms(c.p99), c.gaveWay)
}

// measure makes calls, some before that do not count: connections and caches are cold, and
// the gate for browsing opens by being felt.
func measure(t *testing.T, calls, perSecond int, call func() error) cost {
	t.Helper()
	_, _ = send(perSecond, perSecond, call) // their errors count neither
	used := func() time.Duration {
		var u syscall.Rusage
		require.NoError(t, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	before := used()
	took, errs := send(calls, perSecond, call)
	c := cost{cpu: (used() - before) / time.Duration(calls)}
	for _, err := range errs {
		if errors.Is(err, errGaveWay) {
			c.gaveWay++
			continue
		}
		require.NoError(t, err)
	}
	require.Less(t, c.gaveWay, calls/20, "the machine is too busy to measure on")
	slices.Sort(took)
	c.p50, c.p99 = took[calls/2], took[calls*99/100]
	return c
}

var errGaveWay = errors.New("the question gave way")

// send makes calls at a rate, and returns how long each took from when it was due.
func send(calls, perSecond int, call func() error) (took []time.Duration, errs []error) {
	took, errs = make([]time.Duration, calls), make([]error, calls)
	var all sync.WaitGroup
	began := time.Now()
	for n := range calls {
		due := began.Add(time.Duration(n) * time.Second / time.Duration(perSecond))
		<-time.After(time.Until(due))
		all.Go(func() {
			errs[n] = call()
			took[n] = time.Since(due)
		})
	}
	all.Wait()
	return took, errs
}

// asking returns a function that sends a request to a server and requires 200.
func asking(t *testing.T, b *testBundle, path string, header ...string) func() error {
	t.Helper()
	transport := &http.Transport{MaxIdleConnsPerHost: 1000}
	t.Cleanup(transport.CloseIdleConnections)
	client := &http.Client{Transport: transport}
	return func() error {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.http.URL+path, http.NoBody)
		if err != nil {
			return err
		}
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		answer, err := client.Do(r)
		if err != nil {
			return err
		}
		body, err := io.ReadAll(answer.Body)
		switch {
		case err != nil || answer.StatusCode == http.StatusOK:
		case strings.Contains(string(body), string(problem.ReducedCapacity)):
			err = errGaveWay
		default:
			err = fmt.Errorf("%s: %s", answer.Status, body)
		}
		return errors.Join(err, answer.Body.Close())
	}
}

// TestTheGatewaysOwnCost compares a question over HTTP, whose token is checked, which is
// limited and logged, and which is one call of a service, with that call. The client's half
// of HTTP counts as the gateway's. `make prove` runs it.
func TestTheGatewaysOwnCost(t *testing.T) { //nolint:paralleltest // it measures
	if *costRequests == 0 {
		return // not skipped: nothing is missing
	}
	conn := rpctest.Connect(t, func(r grpc.ServiceRegistrar) {
		inventoryrpc.Register(r, direct{fakeInventory: fakeInventory{stock: stocked}})
	})
	remote := inventoryrpc.NewClient(conn)
	a := newAccounts(t)
	quiet := slog.New(slog.DiscardHandler)
	verifier := token.NewVerifier(token.Config{Source: a, Logger: quiet})
	go func() { _ = verifier.Run(t.Context()) }()
	require.Eventually(t, func() bool { return verifier.Ready() == nil }, time.Minute, time.Millisecond)
	b := shopWith(t, func(c *Config) {
		c.Limits.Callers = 100_000
		c.Limits.Classes = map[string][]quota.Quota{string(browsing): {
			{Name: "burst", Count: 1_000_000, Per: time.Second}, {Name: "sustained", Count: 1_000_000, Per: time.Minute},
		}}
	}, WithLogger(slog.New(slog.NewTextHandler(io.Discard, nil))), WithVerifier(verifier), WithServices(shop.Services{Inventory: remote})) //nolint:sloglint // writing the line is a part of the cost

	_, bearer, _ := strings.Cut(a.sign(t, "cus_42", "s1", time.Now(), customerScopes...), ": ")
	over := asking(t, b, "/v1/stock/MUG", "Authorization", bearer)
	without := func() error {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_, err := remote.Stock(ctx, "MUG")
		return err
	}
	call, request := measure(t, *costRequests, 500, without), measure(t, *costRequests, 500, over)
	t.Logf("gateway: one call of a service: %s; the same through the gateway: %s; its own: CPU %.2f ms", call, request, float64((request.cpu-call.cpu).Microseconds())/1000)
	require.Less(t, request.cpu-call.cpu, 500*time.Microsecond)
}

// TestAnOverviewKeepsItsTime measures overviews with a part that is down, or does not
// answer. `make prove` runs it.
func TestAnOverviewKeepsItsTime(t *testing.T) { //nolint:paralleltest // it measures
	if *costRequests == 0 {
		return // not skipped: nothing is missing
	}
	const budget = 300 * time.Millisecond // of a part
	var whole cost
	down := fakePart{err: fault.Errorf(fault.Transient, fault.Unavailable, "away")}
	for _, c := range []struct {
		name string
		part fakePart
	}{{"all parts", fakePart{}}, {"payment down", down}, {"payment hangs", fakePart{hangs: true}}} {
		b := shopOf(t, WithLogger(slog.New(slog.DiscardHandler)), WithServices(shop.Services{Catalog: named(fakePart{}), Payment: c.part, Shipping: fakePart{}, Notification: fakePart{}}))
		b.temporal.query = knows(workflows.StatusConfirmed)
		ask := asking(t, b, "/v1/orders/"+someOrder+"/overview", "Amends-Claim", identity.NewGuests(guestSecret).Claim(someOrder))
		got := measure(t, *costRequests/5, 100, ask)
		t.Logf("overview: %s: %s", c.name, got)
		if whole.cpu == 0 {
			whole = got
		}
		require.Less(t, got.p99, budget+100*time.Millisecond+whole.p99, c.name)
	}
}
