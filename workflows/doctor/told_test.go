package doctor_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/proof/clinic"
	"github.com/amends/amends/saga/audit"
)

// Every service tells each result of a saga once.
func TestTheDoctorFindsWhatIsNotToldOnce(t *testing.T) {
	t.Parallel()

	for service, event := range map[string]string{
		"order": "placed", "catalog": "quoted", "inventory": "reserved", "payment": "invoice_issued", "shipping": "booked",
	} {
		t.Run(service, func(t *testing.T) {
			t.Parallel()
			c := clinic.New(t)
			lost, doubled, old := c.Place(t, "tok_visa").ID, c.Place(t, "tok_visa").ID, c.Place(t, "tok_visa").ID
			c.Place(t, "tok_capture_declined") // a healthy one, of which undo is told too
			c.Injure(t, service, "UPDATE outbox_since SET at = ?", time.Now().UTC().Add(-time.Hour))
			require.Empty(t, c.Diagnose(t).Findings)

			kind := "amends." + service + "." + event + ".v1"
			c.Injure(t, service, "DELETE FROM outbox WHERE type = ? AND key = ?", kind, lost)
			c.Injure(t, service, `INSERT INTO outbox (event_id, type, key, data, meta, at)
				SELECT event_id || '-again', type, key, data, meta, at FROM outbox WHERE type = ? AND key = ?`, kind, doubled)
			found := map[string]audit.Kind{}
			r := c.Diagnose(t)
			require.Len(t, r.Findings, 2)
			for _, f := range r.Findings {
				require.Equal(t, service, f.Service)
				require.Equal(t, audit.ToldOnce, f.Invariant)
				require.Contains(t, f.Detail, kind)
				require.False(t, f.Repairable)
				found[f.Order] = f.Kind
			}
			require.Equal(t, map[string]audit.Kind{lost: audit.NotTold, doubled: audit.ToldTwice}, found)
			require.Empty(t, c.Engine.Resumed)

			c.Injure(t, service, "DELETE FROM outbox WHERE type = ? AND key = ?", kind, old)
			c.Injure(t, service, "UPDATE outbox_since SET at = ?", time.Now().UTC().Add(time.Hour))
			r = c.Diagnose(t)
			require.Len(t, r.Findings, 1, "results from before the outbox was complete")
			require.Equal(t, doubled, r.Findings[0].Order)
		})
	}
}

// Events that get nowhere are no damage of an order.
func TestTheDoctorFindsEventsThatAreNotDelivered(t *testing.T) {
	t.Parallel()

	c := clinic.New(t)
	c.Place(t, "tok_visa")
	c.Injure(t, "payment", "UPDATE outbox SET at = ?", time.Now().UTC().Add(-time.Hour))
	c.Injure(t, "shipping", "UPDATE outbox SET dead_at = at, error = 'too large'")
	r := c.Diagnose(t)
	found := map[string]string{}
	for _, f := range r.Findings {
		require.Equal(t, audit.Undelivered, f.Kind)
		require.Empty(t, f.Order)
		found[f.Service] = f.Detail
	}
	require.Len(t, found, 2, r.Findings)
	require.Contains(t, found["payment"], "wait for the broker")
	require.Contains(t, found["shipping"], "too large")
}
