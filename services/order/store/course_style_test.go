package store_test

import (
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/services/order/course"
)

func theFirstRecordDecidesTheStyle(t *testing.T, b testBundle) {
	rec := b.place(t, "a-a")
	require.Equal(t, order.Choreographed, rec.Style())
	require.NotNil(t, rec.Course)
	require.Equal(t, rec, b.create(t, "a-a"), "a placement in the other style finds it")
	again, err := b.List(t.Context(), order.Filter{Limit: 1})
	require.NoError(t, err)
	require.Equal(t, []order.Record{rec}, again)

	rec = b.create(t, "a-b")
	require.Equal(t, []any{order.Orchestrated, (*order.Course)(nil)}, []any{rec.Style(), rec.Course})
	require.Equal(t, order.Orchestrated, b.place(t, "a-b").Style())
	require.Empty(t, b.token(t, "a-b"))
	_, err = b.Object(t.Context(), "a-b", course.Objection{Reason: order.CustomerRequest})
	requireFault(t, err, fault.Bug, fault.Conflict)
	_, err = b.Object(t.Context(), "none", course.Objection{Reason: order.CustomerRequest})
	requireFault(t, err, fault.Bug, fault.NotFound)

	_, err = b.Create(t.Context(), create("a-c"), order.Placement{CustomerID: "cus_1", Currency: "EUR", Style: "both", Lines: placement().Lines})
	requireFault(t, err, fault.Business, fault.Invalid)
}

// Twenty placements at once, half in each style: one record, and one style of its facts.
func anOrderNeverHasTwoStyles(t *testing.T, b testBundle) {
	r := b.reader(t)
	done := make(chan error)
	var choreographed atomic.Int64
	const calls = 20
	for i := range calls {
		go func() {
			done <- patiently(func() error {
				p := placement()
				if i%2 == 0 {
					p.Style = order.Choreographed
				}
				rec, err := b.Create(t.Context(), create("b-a"), p)
				if err == nil && rec.Style() == order.Choreographed {
					choreographed.Add(1)
				}
				return err
			})
		}()
	}
	for range calls {
		require.NoError(t, <-done)
	}
	events := r.Events(t)
	require.Len(t, events, 1)
	var courses int64
	require.NoError(t, b.db.Table("courses").Where("order_id = ?", "b-a").Count(&courses).Error)
	switch choreographed.Load() {
	case calls:
		require.Equal(t, []any{"choreographed", int64(1)}, []any{events[0].Style, courses})
	default:
		require.Equal(t, []any{int64(0), "", int64(0)}, []any{choreographed.Load(), events[0].Style, courses})
	}
}
