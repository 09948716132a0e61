package stuck

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/internal/watch/stuck/symptom"
	"github.com/amends/amends/proof/watchtest"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/saga/ledger"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/services/order/course"
)

// examined returns the symptoms of an order as its record will be that much later; no
// engine is asked.
func examined(t *testing.T, b *watchtest.Shop, id string, later time.Duration, unheard func(context.Context) (symptom.Silence, error)) []symptom.Symptom {
	t.Helper()
	rec, err := b.Store.Get(t.Context(), id)
	require.NoError(t, err)
	found, err := symptom.New(symptom.Config{Now: time.Now().Add(later), Unheard: unheard}).Examine(t.Context(), candidate(rec))
	require.NoError(t, err)
	return found
}

func causes(all []symptom.Symptom) (causes []symptom.Cause) {
	for _, s := range all {
		causes = append(causes, s.Cause)
	}
	return causes
}

// A choreographed order has no workflow: it is stuck if no service goes on with it for a
// minute, or if its end is a minute late, and no flag says why.
func TestAChoreographedOrderIsStuck(t *testing.T) {
	t.Parallel()
	b, id := watchtest.New(t, nil), uuid.NewString()
	placed := time.Now().UTC()
	_, err := b.Store.Create(t.Context(), key.New(id, "order.create"), order.Placement{
		CustomerID: "cus_1", Currency: "EUR", Style: order.Choreographed, Lines: []order.Line{{SKU: "MUG", Quantity: 1}},
		PlacedAt: placed, DecideBy: placed.Add(10 * time.Minute),
	})
	require.NoError(t, err)
	require.Empty(t, examined(t, b, id, 50*time.Second, nil), "it may take a minute")
	found := examined(t, b, id, 62*time.Second, nil)
	require.Equal(t, []symptom.Cause{symptom.Unheard}, causes(found))
	require.Equal(t, "no service has gone on from order.placed; `amends events listeners` names the services that do not listen", found[0].Reason)
	require.WithinDuration(t, placed, found[0].Since, time.Millisecond)

	require.Equal(t, []symptom.Cause{symptom.Unheard}, causes(examined(t, b, id, 10*time.Minute+50*time.Second, nil)))
	require.Equal(t, []symptom.Cause{symptom.Late, symptom.Unheard}, causes(examined(t, b, id, 11*time.Minute+5*time.Second, nil)))

	heard := placed.Add(5 * time.Minute)
	require.NoError(t, b.Store.Quoted(t.Context(), id, order.Quote{Total: money.New(100, "EUR")}, order.TakenStep{Name: "catalog.quote", EndedAt: heard}))
	require.Empty(t, examined(t, b, id, 5*time.Minute+50*time.Second, nil), "a service has gone on since")
	_, err = b.Store.Object(t.Context(), id, course.Objection{Reason: order.CustomerRequest})
	require.NoError(t, err)
	require.Contains(t, examined(t, b, id, 7*time.Minute, nil)[0].Reason, "from order.abort_asked")

	require.NoError(t, b.Store.Note(t.Context(), key.New(id, "order.note"), order.Note{
		At: time.Now().UTC(), Attention: []ledger.Attention{{Step: "payment.capture", Code: "PROVIDER_TIMEOUT", Kind: fault.Unknown, Since: placed}},
	}))
	require.Empty(t, examined(t, b, id, time.Hour, nil), "a flag says why")
}

// The broker knows who does not listen, and is asked once in a search.
func TestAListenerThatIsFarBehindIsNamed(t *testing.T) {
	t.Parallel()
	since, asked := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC), 0
	o := symptom.Order{ID: "a", Waits: "order.placed", HeardAt: since}
	examine := func(e *symptom.Examiner) string {
		found, err := e.Examine(t.Context(), o)
		require.NoError(t, err)
		require.Len(t, found, 1)
		return found[0].Reason
	}
	e := symptom.New(symptom.Config{Now: since.Add(time.Hour), Unheard: func(context.Context) (symptom.Silence, error) {
		asked++
		return symptom.Silence{"shipping": since, "payment": since.Add(time.Minute)}, nil
	}})
	for range 2 {
		require.Equal(t, "no service has gone on from order.placed; payment has not handled an event of 2026-11-29T12:01:00Z: no process of it "+
			"listens, or it cannot keep up; shipping has not handled an event of 2026-11-29T12:00:00Z: no process of it listens, or it cannot keep up", examine(e))
	}
	require.Equal(t, 1, asked)
	e = symptom.New(symptom.Config{Now: since.Add(time.Hour), Unheard: func(context.Context) (symptom.Silence, error) { return nil, errors.New("away") }})
	require.Equal(t, "no service has gone on from order.placed, and the broker does not say who listens", examine(e))
}
