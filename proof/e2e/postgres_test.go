package e2e_test

import (
	"context"
	"crypto/rand"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/database/provision"
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/proof/shoptest"
	"github.com/amends/amends/services/payment"
)

// Every service has a role and a database of its own, as in production.
func TestSplitOnPostgres(t *testing.T) {
	t.Parallel()
	s := newRunningSplit(t, onPostgres(t))
	customers := s.visit(t, copies)
	customers.under(t, "orders are under way", copies, func() bool {
		return held(t, s.Shop) >= copies && paying(t, s.Shop, payment.Intent) >= copies
	})
	s.parts["order"].kill(t)
	s.start(t, "order")
	customers.served(t, s.Shop)
	for _, part := range parts {
		s.drain(t, part)
	}
}

// onPostgres are databases on the test server, each with a role that can open no
// other one. Databases and roles are dropped when the test ends.
func onPostgres(t *testing.T) shoptest.DSNs {
	t.Helper()
	provision := provisioner(t)
	return shoptest.DSNs{
		Order: provision("order"), Catalog: provision("catalog"), Inventory: provision("inventory"),
		Payment: provision("payment"), Provider: provision("provider"),
		Shipping: provision("shipping"), Carrier: provision("carrier"),
	}
}

// provisioner makes databases on the test server as onPostgres says.
func provisioner(t *testing.T) func(name string) (dsn string) {
	t.Helper()
	admin := dbtest.Postgres(t)
	shop := "shop_" + strings.ToLower(rand.Text()[:8]) + "_" // unique to this test
	return func(name string) string {
		t.Cleanup(func() {
			execute(t, admin, "DROP DATABASE IF EXISTS amends_"+shop+name+" WITH (FORCE)")
			execute(t, admin, "DROP ROLE IF EXISTS amends_"+shop+name)
		})
		dsn, err := provision.Database(t.Context(), admin, shop+name, rand.Text())
		require.NoError(t, err)
		return dsn
	}
}

// execute runs a statement, also in a cleanup.
func execute(t *testing.T, dsn, statement string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, dsn)
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(ctx)) }()
	_, err = conn.Exec(ctx, statement)
	require.NoError(t, err)
}
