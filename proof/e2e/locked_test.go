package e2e_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/amends/amends/api"
	"github.com/amends/amends/internal/orders/attribute"
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/proof/shoptest"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/services/payment"
	"github.com/amends/amends/worker"
)

var lockedOrders = flag.Int("locked.orders", 60, "how many orders wait for locked rows; from 200 on, another one must be decided within 2 s")

// A transaction of a person, a report or a bulk load may hold rows for as long as it
// likes. The orders that need these rows wait, and no other: neither for a slot of a
// worker nor for a connection.
func TestOrdersBesideLockedRowsAreNotDelayed(t *testing.T) {
	t.Parallel()

	behind, beside := *lockedOrders, 9
	dsns := postgresForLocks(t)
	shop := shoptest.Open(t, dsns, true)
	shop.Seed(t)
	s := runWorkers(t, dsns)
	// times returns the least and the median of orders, one after the other.
	times := func() (least, median time.Duration) {
		t.Helper()
		took := make([]time.Duration, beside)
		for i := range took {
			r := s.insist(t, "", "wait=30", change(lines("MUG", 1)))
			require.Equal(t, confirmed, r.order.Status, r.code)
			took[i] = r.order.UpdatedAt.Sub(r.order.CreatedAt)
		}
		slices.Sort(took)
		return took[0], took[beside/2]
	}
	_, free := times()

	// One product's stock is locked, and everybody wants that product.
	stock := lock(t, dsns.Inventory, "SELECT 1 FROM stock WHERE sku = 'TEA' FOR UPDATE")
	s.crowd(t, behind, change(lines("TEA", 1)))
	eventually(t, "all others have authorized", func() bool { return paying(t, shop, payment.Authorized) == behind })
	leastBesideStock, besideStock := times()

	// The orders' own rows are locked when the stock becomes free.
	orders := lock(t, dsns.Order, "SELECT 1 FROM orders WHERE status = 'PENDING' FOR UPDATE")
	stock()
	eventually(t, "all others have paid", func() bool { return paying(t, shop, payment.Captured) >= behind })
	leastBesideOrders, besideOrders := times()
	orders()
	eventually(t, "all orders are confirmed", func() bool {
		return !slices.ContainsFunc(allOrders(t, shop), func(o order.Record) bool { return o.Status != confirmed })
	})
	require.Len(t, allOrders(t, shop), behind+3*beside)
	require.NoError(t, shop.Check(t.Context()))

	fmt.Fprintf(os.Stdout, "locks: an order is decided in %s; beside %d that wait for locked stock in %s, for locked orders in %s\n",
		free.Round(time.Millisecond), behind, besideStock.Round(time.Millisecond), besideOrders.Round(time.Millisecond))
	// On an idle machine the three are alike. An order that waited for a turn of the others
	// at each of its steps would take many seconds, every time: on a machine that does other
	// work, the least of them tells it from a late one.
	bound := 4*free + time.Second
	require.Less(t, leastBesideStock, bound)
	require.Less(t, leastBesideOrders, bound)
	if behind >= 200 {
		require.Less(t, besideStock, 2*time.Second)
		require.Less(t, besideOrders, 2*time.Second)
	}
}

// postgresForLocks are a shop's databases, those of inventory and orders on
// PostgreSQL.
func postgresForLocks(t *testing.T) shoptest.DSNs {
	t.Helper()
	return shoptest.DSNs{
		Order: dbtest.Postgres(t), Inventory: dbtest.Postgres(t), Catalog: dbtest.SQLite(t), Payment: dbtest.SQLite(t),
		Provider: dbtest.SQLite(t), Shipping: dbtest.SQLite(t), Carrier: dbtest.SQLite(t),
	}
}

// runWorkers runs the product's own workers, with their limits, and an API.
func runWorkers(t *testing.T, dsns shoptest.DSNs) shopper {
	t.Helper()
	o := worker.Options{
		Services: map[string]worker.Service{
			"order": {DSN: dsns.Order}, "catalog": {DSN: dsns.Catalog}, "inventory": {DSN: dsns.Inventory},
			"payment":  {DSN: dsns.Payment, OutsideDSN: dsns.Provider},
			"shipping": {DSN: dsns.Shipping, OutsideDSN: dsns.Carrier},
		},
		Queues: map[string]string{}, Attributes: attribute.All, Logger: slog.New(slog.DiscardHandler),
	}
	for _, service := range services {
		o.Queues[service] = service + "-" + uuid.NewString()
	}
	runGroup(t, o)

	c := api.DefaultConfig()
	c.GuestSecret = guestSecret
	c.Orders.Queue = o.Queues["order"]
	a, err := api.New(c, server.Client, api.WithLogger(o.Logger))
	require.NoError(t, err)
	h := httptest.NewServer(a)
	t.Cleanup(h.Close)
	return shopper{h.URL}
}

// runGroup runs services until the test ends.
func runGroup(t *testing.T, o worker.Options) {
	t.Helper()
	require.NoError(t, worker.Migrate(t.Context(), o), "the databases take their owner's mark")
	group, err := worker.New(o)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- group.Run(ctx, server) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-ended)
	})
	eventually(t, "the workers run", func() bool { return group.Ready(t.Context()) == nil })
}

// change returns a placement with some fields changed.
func change(fields map[string]any) map[string]any {
	body := placement()
	maps.Copy(body, fields)
	return body
}

// crowd places n orders and waits for their acknowledgements only.
func (s shopper) crowd(t *testing.T, n int, body map[string]any) {
	t.Helper()
	var mu sync.Mutex
	var failures error
	var clients sync.WaitGroup
	jobs := make(chan string, n)
	for range n {
		jobs <- uuid.NewString()
	}
	close(jobs)
	for range 20 {
		clients.Go(func() {
			for key := range jobs {
				err := s.tryInsist(t.Context(), key, body)
				mu.Lock()
				failures = errors.Join(failures, err)
				mu.Unlock()
			}
		})
	}
	clients.Wait()
	require.NoError(t, failures)
}

// tryInsist is insist for goroutines.
func (s shopper) tryInsist(ctx context.Context, key string, body map[string]any) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		r, err := s.tryPlace(ctx, key, "", body)
		if err == nil && r.status >= http.StatusMultipleChoices {
			err = turnedAway(r)
		}
		if err != nil || r.status < http.StatusMultipleChoices {
			return err
		}
		<-tick.C
	}
}

// lock executes a query in a transaction that stays open until the returned function
// is called.
func lock(t *testing.T, dsn, query string) (release func()) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close(context.WithoutCancel(t.Context()))) })
	tx, err := conn.Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), query)
	require.NoError(t, err)
	return func() { require.NoError(t, tx.Rollback(t.Context())) }
}
