package doctor_test

import (
	"flag"
	"fmt"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/amends/amends/proof/clinic"
	"github.com/amends/amends/workflows/doctor"
)

// history is the number of orders of the shop whose doctor is measured.
var history = flag.Int("orders", 100_000, "orders that BenchmarkDoctor has judged")

// window is how many of them have changed since the run before: in five minutes, two in each
// second.
const window = 600

// BenchmarkDoctor measures one run over all orders, and one over those that have changed.
// Services, stores and the workflow are in this process; the databases are in memory.
func BenchmarkDoctor(b *testing.B) {
	c := clinic.New(b)
	multiply(b, c, c.Place(b, "tok_visa").ID, *history)
	var statements atomic.Int64
	for _, book := range books {
		count(b, c.Book(book), &statements)
	}
	c.In = doctor.Input{Alone: true, WholeEvery: 1000 * 24 * time.Hour}
	first := c.Diagnose(b)
	require.True(b, first.OK, first.Findings)
	require.Equal(b, *history, first.Judged)

	at := time.Now().UTC().Add(c.Later)
	c.Injure(b, "order", "UPDATE orders SET updated_at = ? WHERE id IN (SELECT id FROM orders ORDER BY id LIMIT ?)", at, window)
	for _, book := range []string{"catalog", "inventory", "payment", "shipping"} {
		c.Injure(b, book, "UPDATE barrier SET created_at = ? WHERE saga IN (SELECT DISTINCT saga FROM barrier ORDER BY saga LIMIT ?)", at, window)
	}
	for name, tc := range map[string]struct {
		before *doctor.Report
		judged int
	}{"Whole": {nil, *history}, "SinceTheLast": {&first, window}} {
		b.Run(name, func(b *testing.B) {
			c.Before, c.Later = tc.before, 4*time.Hour
			began, sent := cpu(b), statements.Load()
			for b.Loop() {
				r := c.Diagnose(b)
				require.True(b, r.OK, r.Findings)
				require.Equal(b, tc.judged, r.Judged)
			}
			b.ReportMetric((cpu(b)-began).Seconds()/float64(b.N), "cpu-s/run")
			b.ReportMetric(float64(statements.Load()-sent)/float64(b.N), "statements/run")
		})
	}
}

// books are the databases that have rows of every order.
var books = []string{"order", "catalog", "inventory", "payment", "provider", "shipping", "carrier"}

// count counts the statements that read db.
func count(b *testing.B, db *gorm.DB, statements *atomic.Int64) {
	b.Helper()
	one := func(*gorm.DB) { statements.Add(1) }
	require.NoError(b, db.Callback().Query().After("gorm:query").Register("count", one))
	require.NoError(b, db.Callback().Row().After("gorm:row").Register("count", one))
}

// cpu returns the time that this process has spent on the CPU.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var used syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &used))
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// multiply copies the rows of an order until there are n orders. A copy has ids and
// references of its own, the same in all tables.
func multiply(b *testing.B, c *clinic.Clinic, id string, n int) {
	b.Helper()
	names := []string{id}
	for _, of := range []struct{ book, query string }{
		{"order", `SELECT substr(placement, instr(placement, '"nonce":"') + 9, 36) FROM orders`},
		{"payment", "SELECT id FROM payments"},
		{"payment", "SELECT number FROM invoices"},
		{"payment", "SELECT DISTINCT set_id FROM postings"},
		{"provider", "SELECT reference FROM effects WHERE reference <> ''"},
		{"carrier", "SELECT tracking_number FROM bookings"},
	} {
		var more []string
		require.NoError(b, c.Book(of.book).Raw(of.query).Scan(&more).Error)
		names = append(names, more...)
	}
	for _, book := range books {
		db := c.Book(book)
		require.NoError(b, db.Exec("PRAGMA foreign_keys = off").Error) // children may come first
		var tables []string
		require.NoError(b, db.Raw("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'").Scan(&tables).Error)
		for _, table := range tables {
			require.NoError(b, db.Exec(copies(b, db, table, names), n-1).Error, table)
		}
		require.NoError(b, db.Exec("PRAGMA foreign_keys = on").Error)
	}
	for _, statement := range []string{
		`UPDATE stock SET committed = s.sold, received = available + reserved + s.sold FROM
			(SELECT sku, warehouse, sum(quantity) AS sold FROM reservation_lines GROUP BY sku, warehouse) AS s WHERE s.sku = stock.sku AND s.warehouse = stock.warehouse`,
		`UPDATE stock_journal SET units = (SELECT received FROM stock AS s WHERE s.sku = stock_journal.sku AND s.warehouse = stock_journal.warehouse)`,
	} {
		c.Injure(b, "inventory", statement)
	}
}

// copies returns the statement that copies the rows of a table that have one of the names.
func copies(b *testing.B, db *gorm.DB, table string, names []string) string {
	b.Helper()
	var columns []struct{ Name, Type string }
	require.NoError(b, db.Raw("SELECT name, type FROM pragma_table_info(?)", table).Scan(&columns).Error)
	var into, from, has []string
	for _, c := range columns {
		column := `"` + c.Name + `"`
		value := column
		switch strings.ToLower(c.Type) {
		case "integer": // a number that the database gives
			continue
		case "text":
			for i, name := range names {
				has = append(has, fmt.Sprintf("instr(%s, '%s') > 0", column, name))
				other := fmt.Sprintf("'%s-' || n", name)
				if i == 0 { // the order's id stays a UUID
					other = fmt.Sprintf("printf('%%08x', n) || '%s'", name[8:])
				}
				value = fmt.Sprintf("replace(%s, '%s', %s)", value, name, other)
			}
		}
		into, from = append(into, column), append(from, value)
	}
	if has == nil {
		has = []string{"false"}
	}
	return fmt.Sprintf("WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?) INSERT INTO %s (%s) SELECT %s FROM %s, numbers WHERE %s",
		table, strings.Join(into, ", "), strings.Join(from, ", "), table, strings.Join(has, " OR "))
}
