package e2e_test

import (
	"crypto/rand"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/dev/postgres"
	"github.com/amends/amends/proof/dbtest"
)

// TestNoPlacementIsLostInAFailover takes the role away from the server that all pools
// are connected to, while the server behind the same name is healthy: the sessions of
// one server become read-only, and its new sessions are those of the other.
func TestNoPlacementIsLostInAFailover(t *testing.T) {
	t.Parallel()

	own := privateServer(t)
	var names []string
	p := newPlatformOn(t, func(testing.TB) string {
		name := "t_" + strings.ToLower(rand.Text())
		execute(t, own.DSN, "CREATE DATABASE "+name+" TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'")
		names = append(names, name)
		u, err := url.Parse(own.DSN)
		require.NoError(t, err)
		u.Path = "/" + name
		return u.String()
	}, 10*time.Minute)
	const placements = 32
	require.Zero(t, lost(t, p, placements), "before, and with sessions in every pool")

	witness, err := pgx.Connect(t.Context(), own.DSN)
	require.NoError(t, err)
	defer func() { require.NoError(t, witness.Close(t.Context())) }()
	for _, name := range names {
		execute(t, own.DSN, "ALTER DATABASE "+name+" SET default_transaction_read_only = off")
	}
	execute(t, own.DSN, "ALTER SYSTEM SET default_transaction_read_only = on")
	execute(t, own.DSN+"&default_transaction_read_only=off", "SELECT pg_reload_conf()")
	eventually(t, "the sessions are read-only", func() bool {
		var now string
		require.NoError(t, witness.QueryRow(t.Context(), "SHOW transaction_read_only").Scan(&now))
		return now == "on"
	})

	n := lost(t, p, placements)
	t.Logf("placements lost in a failover: %d of %d", n, placements)
	require.Zero(t, n)
	require.NoError(t, p.Check(t.Context()))
}

// lost places orders, several at a time, and returns how many were not confirmed.
func lost(t *testing.T, p *platform, placements int) (n int) {
	t.Helper()
	work, replies := make(chan int), make([]reply, placements)
	var customers sync.WaitGroup
	for range 4 {
		customers.Go(func() {
			for i := range work {
				var err error
				if replies[i], err = p.tryPlace(t.Context(), "", "wait=30", placement()); err != nil {
					replies[i].code = err.Error()
				}
			}
		})
	}
	for i := range placements {
		work <- i
	}
	close(work)
	customers.Wait()
	for _, r := range replies {
		if r.status != http.StatusOK || r.order.Status != confirmed {
			t.Logf("%d %s %s", r.status, r.code, r.order.Status)
			n++
		}
	}
	return n
}

// privateServer starts a PostgreSQL server for this test alone.
func privateServer(t *testing.T) *postgres.Server {
	t.Helper()
	s, err := postgres.Start(t.Context(), postgres.Options{Bin: dbtest.Binaries(t), Dir: open(t), Safety: postgres.Nothing})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Stop()) })
	return s
}
