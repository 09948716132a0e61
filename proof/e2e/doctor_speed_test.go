package e2e_test

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/proof/shoptest"
	"github.com/amends/amends/services/notification"
)

// doctorOrders is how many orders the doctor is measured with. The default is
// enough to show that the measurement itself works:
//
//	go test ./proof/e2e -run TestDoctorSpeed -v -doctor.orders 20000
var doctorOrders = flag.Int("doctor.orders", 600, "how many orders TestDoctorSpeed fills in")

// clones copy the rows of one order for another one: $ is its id, and is added to
// every unique value. A ledger and its statements, in the order of foreign keys.
var clones = []struct{ book, statement string }{
	{"order", `INSERT INTO orders (id, customer_id, status, reason, total_minor, total_currency, placement, view, changes, created_at, updated_at, decide_by)
		SELECT $, customer_id, status, reason, total_minor, total_currency, replace(placement, '"nonce":"', '"nonce":"' || $), view, changes, created_at, updated_at, decide_by FROM orders, clones WHERE orders.id = @saga`},
	{"order", `INSERT INTO order_lines SELECT $, position, sku, quantity FROM order_lines, clones WHERE order_id = @saga`},
	{"order", `INSERT INTO order_history SELECT $, position, from_status, to_status, reason, at FROM order_history, clones WHERE order_id = @saga`},
	{"catalog", barrierClone},
	{"inventory", barrierClone},
	{"inventory", `INSERT INTO reservations SELECT $, step, generation, state, created_at, updated_at FROM reservations, clones WHERE saga = @saga`},
	{"inventory", `INSERT INTO reservation_lines SELECT $, step, generation, sku, warehouse, quantity FROM reservation_lines, clones WHERE saga = @saga`},
	{"payment", barrierClone},
	{"payment", `INSERT INTO payments SELECT payments.id || $, $, step, generation, state, amount, currency, token_hash, provider_reference || $, decline_code,
		captured, refunding, refunded, created_at, updated_at FROM payments, clones WHERE saga = @saga`},
	{"payment", `INSERT INTO transfers SELECT $, step, generation, payment_id || $, kind, state, amount, currency, replace(target, saga, $), invoice_number || $,
		provider_reference || $, decline_code, created_at, updated_at FROM transfers, clones WHERE saga = @saga`},
	{"payment", `INSERT INTO postings SELECT set_id || $, line, payment_id || $, kind, account, amount, currency, created_at FROM postings, clones
		WHERE payment_id = (SELECT id FROM payments WHERE saga = @saga)`},
	{"payment", `INSERT INTO invoices SELECT number || $, payment_id || $, amount, currency, created_at FROM invoices, clones
		WHERE payment_id = (SELECT id FROM payments WHERE saga = @saga)`},
	{"provider", `INSERT INTO effects SELECT replace(key, @saga, $), kind, state, amount, currency, reference || $, replace(target, @saga, $), token_hash, reason, created_at, updated_at
		FROM effects, clones WHERE key > @saga || '/' AND key < @saga || '0'`},
	{"shipping", barrierClone},
	{"shipping", `INSERT INTO shipments SELECT $, step, generation, warehouse, state, carrier, tracking_number || $, refusal_code, refusal_message,
		created_at, booked_at, cancelled_at FROM shipments, clones WHERE saga = @saga`},
	{"carrier", `INSERT INTO bookings SELECT replace(booking_key, @saga, $), state, warehouse, tracking_number || $, fingerprint, lost_replies, created_at, updated_at
		FROM bookings, clones WHERE booking_key > @saga || '/' AND booking_key < @saga || '0'`},
}

// Unique values are in the answers, too, before these parts of their JSON.
const barrierClone = `INSERT INTO barrier SELECT $, step, generation, state, fingerprint, request,
	replace(replace(replace(replace(outcome, '","provider_reference"', $ || '","provider_reference"'), '","invoice_number"', $ || '","invoice_number"'),
		'","amount":{', $ || '","amount":{'), '","state"', $ || '","state"'), code, message, created_at, updated_at
	FROM barrier, clones WHERE saga = @saga`

// fill adds n orders like that one, in every ledger, the read model and the mails.
func (p *platform) fill(t *testing.T, f *shoptest.Followers, like string, n int) {
	t.Helper()
	ids, notices, rows := make([]string, n), make([]notification.Notice, n), make([]string, n)
	for i := range ids {
		ids[i] = uuid.NewString()
		notices[i] = notification.Notice{Kind: notification.OrderConfirmed, Subject: ids[i], Recipient: notification.Guest, At: time.Now()}
		rows[i] = fmt.Sprintf("('%s', %d)", ids[i], i+1) // a copy has a number of its own
	}
	p.copy(t, like, ids)
	f.Want(t, notices...)
	for some := range slices.Chunk(rows, 1000) {
		_, err := p.Exec(t.Context(), "query", `INSERT INTO orders SELECT generation, v.column1, seq - v.column2, customer_id, status, reason, style, attention, version, view, words, account
			FROM orders, (VALUES `+strings.Join(some, ",")+`) AS v WHERE id = ?`, like)
		require.NoError(t, err)
	}
}

// copy adds orders like that one, in every ledger, with these ids.
func (p *platform) copy(t *testing.T, like string, ids []string) {
	t.Helper()
	exec := func(book, statement string, args ...any) {
		_, err := p.Exec(t.Context(), book, statement, args...)
		require.NoError(t, err, statement)
	}
	books := []string{"order", "catalog", "inventory", "payment", "provider", "shipping", "carrier"}
	for _, book := range books {
		exec(book, "CREATE TABLE clones (id text NOT NULL PRIMARY KEY)")
	}
	for some := range slices.Chunk(ids, 1000) {
		for _, book := range books {
			exec(book, "INSERT INTO clones VALUES ('"+strings.Join(some, "'),('")+"')")
		}
	}
	for _, c := range clones {
		exec(c.book, strings.ReplaceAll(c.statement, "$", "clones.id"), map[string]any{"saga": like})
	}
	// The units of the copies were delivered, and are sold.
	exec("inventory", `UPDATE stock SET received = received + sold.n, committed = committed + sold.n FROM (
			SELECT sku, warehouse, quantity * @n AS n FROM reservation_lines WHERE saga = @saga
		) AS sold WHERE sold.sku = stock.sku AND sold.warehouse = stock.warehouse`, map[string]any{"saga": like, "n": len(ids)})
	exec("inventory", `UPDATE stock_journal SET units = stock.received FROM stock
		WHERE stock.sku = stock_journal.sku AND stock.warehouse = stock_journal.warehouse`)
	for _, book := range books {
		exec(book, "DROP TABLE clones")
	}
}

// The doctor is measured on both engines, one after the other, with sound orders.
func TestDoctorSpeed(t *testing.T) { //nolint:paralleltest // a measurement has the machine for itself
	if *doctorOrders < 1000 { // otherwise it is a measurement
		t.Parallel()
	}
	for name, dsn := range map[string]func(testing.TB) string{"sqlite": dbtest.SQLite, "postgres": dbtest.Postgres} {
		t.Run(name, func(t *testing.T) {
			p := newPlatformOn(t, dsn, 10*time.Minute)
			f := p.Follow(t, dsn)
			id := p.place(t, "", "wait=30", placement()).order.ID
			p.overdue(t, id)
			f.Hear(t)
			p.fill(t, f, id, *doctorOrders-1)
			r := p.diagnose(t)
			require.True(t, r.OK, "%v %v", r.Findings, r.Unasked)
			require.Equal(t, *doctorOrders, r.Judged)
			require.Empty(t, r.Absent)
			fmt.Fprintf(os.Stdout, "doctor on %s: %d orders in %s: %.0f orders/s\n", name, r.Judged, r.Ended.Sub(r.Started).Round(time.Millisecond), r.OrdersPerSecond)
		})
	}
}
