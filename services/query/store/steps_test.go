package store

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/services/query"
)

var told = time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)

// entry is the nth fact of a timeline.
func entry(n int, step query.Step) query.Entry {
	step.StartedAt = told.Add(time.Duration(n) * time.Second)
	step.EndedAt = step.StartedAt
	return query.Entry{Step: step}
}

// An abort asks every service to give back: the answer of one that held nothing is no step.
func TestAChoreographedOrderHasTheStepsThatItHasTaken(t *testing.T) {
	t.Parallel()
	entries := []query.Entry{
		entry(0, query.Step{Name: "payment.authorize", State: "done", Exposure: "money held"}),
		entry(1, query.Step{Name: "inventory.reserve", State: "refused", Error: "OUT_OF_STOCK"}),
		entry(2, query.Step{Name: "payment.capture", State: "undone", Blocked: true}),
		entry(3, query.Step{Name: "inventory.reserve", State: "undone", Blocked: true}),
		entry(4, query.Step{Name: "shipping.book", State: "undone", Blocked: true}),
	}
	o := query.Order{Style: query.Choreographed}
	held := query.Step{Name: "payment.authorize", State: "done", Exposure: "money held", StartedAt: told, EndedAt: told}
	refused := query.Step{
		Name: "inventory.reserve", State: "refused", Error: "OUT_OF_STOCK", StartedAt: told.Add(time.Second), EndedAt: told.Add(time.Second),
	}
	require.Equal(t, []query.Step{held, refused}, steps(o, entries))
	require.Len(t, steps(query.Order{Style: query.Orchestrated}, entries), 4, "a workflow shows the steps that it blocks")

	voided := append(entries, entry(5, query.Step{Name: "payment.authorize", State: "undone"}))
	held.State, held.Exposure, held.EndedAt = "undone", "", told.Add(5*time.Second)
	require.Equal(t, []query.Step{held, refused}, steps(o, voided))
}

func TestAStepThatIsStuckShowsItsFailure(t *testing.T) {
	t.Parallel()
	o := query.Order{Style: query.Choreographed, Attention: []query.Flag{
		{Step: "payment.authorize", Code: "PROVIDER_TIMEOUT", Owed: "money held: 1.00 EUR", Since: told},
		{Step: "shipping.book", Code: "UNAVAILABLE", Owed: "parcels booked", Since: told},
		{Step: "catalog.quote", Code: "MISMATCH", Lasting: true, Since: told},
		{Step: "payment.refund", Code: "UNAVAILABLE", Saga: "r1", Since: told},
	}}
	entries := []query.Entry{entry(0, query.Step{Name: "payment.authorize", State: "done", Exposure: "money held"})}
	require.Equal(t, []query.Step{
		{Name: "payment.authorize", State: "flagged", Error: "PROVIDER_TIMEOUT", Exposure: "money held: 1.00 EUR", StartedAt: told, EndedAt: told},
		{Name: "shipping.book", State: "running", Error: "UNAVAILABLE", Exposure: "parcels booked", StartedAt: told},
	}, steps(o, entries))
}
