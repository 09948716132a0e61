package e2e_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/proof/load"
	"github.com/amends/amends/proof/shoptest"
	"github.com/amends/amends/services/order"
)

// TestServicesHaveDifferentDatabases: orders and money are on PostgreSQL, the read model is on
// a PostgreSQL database of its own, and all others are SQLite files. Orders of every kind and
// of both styles end as they must, one is refunded, and the doctor finds nothing.
func TestServicesHaveDifferentDatabases(t *testing.T) {
	t.Parallel()
	dir, on := t.TempDir(), provisioner(t)
	dsns, model := devDSNs(dir), on("query")
	dsns.Order, dsns.Payment, dsns.Provider = on("order"), on("payment"), on("provider")
	d := startDev(t, dir,
		"AMENDS_SERVICES_ORDER_DSN="+dsns.Order, "AMENDS_SERVICES_PAYMENT_DSN="+dsns.Payment, "AMENDS_SERVICES_PAYMENT_PROVIDER_DSN="+dsns.Provider,
		"AMENDS_SERVICES_QUERY_DSN="+model, "AMENDS_OPERATOR_TOKENS=day=day-day-day-day-day", "AMENDS_DOCTOR_EVERY=87600h")

	kinds := load.Mix{
		load.Declined: 15, load.OutOfStock: 15, load.Undeliverable: 15, load.Cancelled: 15, load.Slow: 10, load.Duplicate: 15, load.Choreographed: 50,
	}
	const orders = 60
	r, err := load.Run(t.Context(), load.Options{BaseURL: d.url, Orders: orders, Concurrency: 5, Seed: 1, Sample: 0.5, Mix: kinds})
	require.NoError(t, err)
	require.NoError(t, r.Err())
	require.Equal(t, orders, r.Decided)
	require.Len(t, r.Kinds, 7, "the seed draws every kind: %v", r.Kinds)

	shop := shoptest.Open(t, dsns, false)
	all := allOrders(t, shop)
	require.Len(t, all, orders)
	styles, paid := map[order.Style]int{}, ""
	for _, o := range all {
		styles[o.Style()]++
		if o.Status == order.Confirmed {
			paid = o.ID
		}
	}
	require.Len(t, styles, 2, "%v", styles)
	key := uuid.NewString()
	eventually(t, "a refund is made", func() bool {
		status, made, err := tryRefund(t.Context(), d.admin, paid, key, 100)
		require.NoError(t, err)
		require.Contains(t, []int{http.StatusOK, http.StatusAccepted}, status)
		return made.Status == contract.RefundDone
	})
	require.NoError(t, shop.Check(t.Context()))

	copies := dbtest.Open(t, model, database.Options{})
	eventually(t, "the read model has every order", func() bool {
		var n int64
		require.NoError(t, copies.WithContext(t.Context()).Table("orders").Count(&n).Error)
		return n == orders
	})
	// Every order had to be decided long ago, or it is too young to be judged.
	require.NoError(t, shop.Damage(t.Context(), "order", "UPDATE orders SET decide_by = ?", time.Now().UTC().Add(-time.Hour)))
	eventually(t, "the doctor judges all orders, and finds nothing", func() bool {
		p := launch(t, home(dir), "doctor", "--grace", "1s", "--data-dir", dir)
		return p.wait(t) == 0 && strings.Contains(p.out.String(), "60 judged")
	})
	for name, kept := range map[string]bool{
		"order": false, "payment": false, "provider": false, "query": false,
		"catalog": true, "inventory": true, "shipping": true, "carrier": true, "user": true, "notification": true, "support": true,
	} {
		_, err := os.Stat(filepath.Join(dir, name+".db"))
		require.Equal(t, kept, err == nil, name)
	}
	d.drain(t, syscall.SIGINT)
}
