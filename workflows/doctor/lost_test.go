package doctor_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/proof/clinic"
	"github.com/amends/amends/workflows/doctor/judge"
)

// traces lists the databases in which an order leaves traces, and how to delete them.
var traces = []struct {
	book    string
	service string // that reports it to the doctor
	forget  []string
}{
	{"catalog", "catalog", []string{"DELETE FROM barrier WHERE saga = ?"}},
	{"inventory", "inventory", []string{
		// Its units are as if they had never been received.
		`UPDATE stock_journal SET units = units - l.quantity FROM (
			SELECT sku, warehouse, quantity FROM reservation_lines AS l JOIN reservations AS r ON r.saga = l.saga WHERE r.state = 'committed' AND l.saga = ?
		) AS l WHERE l.sku = stock_journal.sku AND l.warehouse = stock_journal.warehouse AND position = 1`,
		`UPDATE stock SET committed = committed - l.quantity, received = received - l.quantity FROM (
			SELECT sku, warehouse, quantity FROM reservation_lines AS l JOIN reservations AS r ON r.saga = l.saga WHERE r.state = 'committed' AND l.saga = ?
		) AS l WHERE l.sku = stock.sku AND l.warehouse = stock.warehouse`,
		"DELETE FROM reservation_lines WHERE saga = ?", "DELETE FROM reservations WHERE saga = ?", "DELETE FROM barrier WHERE saga = ?",
	}},
	{"payment", "payment", []string{
		"DELETE FROM postings WHERE payment_id IN (SELECT id FROM payments WHERE saga = ?)",
		"DELETE FROM invoices WHERE payment_id IN (SELECT id FROM payments WHERE saga = ?)",
		"DELETE FROM transfers WHERE saga = ?", "DELETE FROM payments WHERE saga = ?", "DELETE FROM barrier WHERE saga = ?",
	}},
	{"provider", "payment", []string{"DELETE FROM effects WHERE key LIKE ? || '/%'"}},
	{"shipping", "shipping", []string{"DELETE FROM shipments WHERE saga = ?", "DELETE FROM barrier WHERE saga = ?"}},
	{"carrier", "shipping", []string{"DELETE FROM bookings WHERE booking_key LIKE ? || '/%'"}},
}

// An acknowledged order without a record and a workflow is found by its last
// trace.
func TestTheDoctorFindsALostOrderByItsLastTrace(t *testing.T) {
	t.Parallel()

	for token, where := range map[string][]string{
		"tok_visa":             {"catalog", "inventory", "payment", "provider", "shipping", "carrier"},
		"tok_capture_declined": {"catalog", "inventory", "payment", "provider", "shipping", "carrier"}, // all undone
		"tok_declined":         {"catalog", "inventory", "payment", "provider", "shipping"},            // the carrier was never called
	} {
		for _, last := range where {
			t.Run(token+" "+last, func(t *testing.T) {
				t.Parallel()
				c := clinic.New(t)
				c.Place(t, "tok_visa")
				id := c.Place(t, token).ID
				lose(t, c, id)
				var service string
				for _, trace := range traces {
					if trace.book == last {
						service = trace.service
						continue
					}
					for _, statement := range trace.forget {
						_, err := c.Exec(t.Context(), trace.book, statement, id)
						require.NoError(t, err)
					}
				}
				r := c.Diagnose(t)
				require.Len(t, r.Findings, 1, r.Findings)
				f := r.Findings[0]
				require.Equal(t, judge.UnknownOrder, f.Kind)
				require.Equal(t, id, f.Order)
				require.Contains(t, f.Detail, service+" has ")
				require.False(t, f.Repairable)
				require.False(t, r.OK)
			})
		}
	}
}
