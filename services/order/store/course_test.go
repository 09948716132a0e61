package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/amends/amends/event"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/proof/told"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/services/order/course"
)

var settled = order.TakenStep{Name: "payment.capture", State: "undone"}

// place creates a choreographed order, which must be decided in ten minutes.
func (b testBundle) place(t *testing.T, id string) order.Record {
	t.Helper()
	p := placement()
	p.Style, p.PlacedAt = order.Choreographed, database.Now()
	p.DecideBy = p.PlacedAt.Add(10 * time.Minute)
	rec, err := b.Create(t.Context(), create(id), p)
	require.NoError(t, err)
	return rec
}

// heard keeps the quote and the parcels of an order.
func (b testBundle) heard(t *testing.T, id string) {
	t.Helper()
	price := money.New(6300, "EUR")
	require.NoError(t, b.Quoted(t.Context(), id, order.Quote{
		Total: money.New(12600, "EUR"), Lines: []order.TakenLine{{SKU: "MUG-STONEWARE", Quantity: 2, UnitPrice: &price}},
	}))
	require.NoError(t, b.Booked(t.Context(), id, []order.Parcel{{Warehouse: "BER", TrackingNumber: "T1", State: "booked"}}))
}

// free releases an order by a service.
func (b testBundle) free(ctx context.Context, id, service string) (order.Record, error) {
	return b.Release(ctx, id, course.News{Service: service, Of: []string{"inventory", "payment"}})
}

func (b testBundle) token(t *testing.T, id string) (token string) {
	t.Helper()
	require.NoError(t, b.db.Raw("SELECT payment_token FROM courses WHERE order_id = ?", id).Scan(&token).Error)
	return token
}

// TestChoreographedOrders has one database for all subtests, whose orders have ids of
// their own.
func TestChoreographedOrders(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b testBundle) {
		for _, c := range []struct {
			name string
			test func(t *testing.T, b testBundle)
		}{
			{"TheFirstRecordDecidesTheStyle", theFirstRecordDecidesTheStyle},
			{"AnOrderNeverHasTwoStyles", anOrderNeverHasTwoStyles},
			{"AChoreographedOrderIsConfirmed", aChoreographedOrderIsConfirmed},
			{"AChoreographedOrderIsAborted", aChoreographedOrderIsAborted},
			{"AnOrderWhoseMoneyIsTakenIsNotAborted", anOrderWhoseMoneyIsTakenIsNotAborted},
			{"AWaiverEndsTheWait", aWaiverEndsTheWait},
			{"ASkipEndsTheWait", aSkipEndsTheWait},
			{"ANudgeTellsTheNewestFact", aNudgeTellsTheNewestFact},
			{"AChoreographedOrderTellsARepeatUnderACause", aChoreographedOrderTellsARepeatUnderACause},
			{"TheClockFindsAndRemindsOrders", theClockFindsAndRemindsOrders},
			{"ClocksThatRemindAtOnceTellOnce", clocksThatRemindAtOnceTellOnce},
			{"AStepThatIsStuckFlagsTheOrder", aStepThatIsStuckFlagsTheOrder},
			{"PartsAreThoseOfAnOpenOrder", partsAreThoseOfAnOpenOrder},
			{"NoOtherTableHasTheToken", noOtherTableHasTheToken},
		} {
			t.Run(c.name, func(t *testing.T) { c.test(t, b) })
		}
	})
}

// reader returns one of the events that are told from now on.
func (b testBundle) reader(t *testing.T) *told.Reader {
	t.Helper()
	r := told.New(b.db)
	r.Events(t)
	return r
}

func aChoreographedOrderIsConfirmed(t *testing.T, b testBundle) {
	ctx, r := t.Context(), b.reader(t)
	b.place(t, "c-a")
	rec, err := b.Complete(ctx, "c-a")
	require.NoError(t, err)
	require.Equal(t, order.Pending, rec.Status, "its price is not heard of yet")
	b.heard(t, "c-a")
	b.heard(t, "c-a")
	require.Equal(t, []string{"order.placed c-a"}, r.Names(t), "to hear of a step tells nothing")
	require.Equal(t, "tok_visa", b.token(t, "c-a"))

	for range 2 {
		rec, err := b.Complete(ctx, "c-a", order.TakenStep{Name: "inventory.commit", State: "done"})
		require.NoError(t, err)
		require.Equal(t, []any{order.Confirmed, int64(12600)}, []any{rec.Status, rec.Total.Minor})
		require.NotEmpty(t, rec.View)
	}
	require.Equal(t, []string{"order.confirmed c-a"}, r.Names(t))
	require.Empty(t, b.token(t, "c-a"))
	require.Len(t, b.history(t, "c-a"), 1)

	_, err = b.Object(ctx, "c-a", course.Objection{Reason: order.CustomerRequest})
	require.NoError(t, err)
	_, err = b.Abort(ctx, "c-a", settled)
	requireFault(t, err, fault.Bug, order.IllegalTransition)
	require.Empty(t, r.Names(t))
}

func anOrderWhoseMoneyIsTakenIsNotAborted(t *testing.T, b testBundle) {
	ctx, r := t.Context(), b.reader(t)
	b.place(t, "m-a")
	_, err := b.Object(ctx, "m-a", course.Objection{Reason: order.CustomerRequest})
	require.NoError(t, err)
	_, err = b.Wanted(ctx, "m-a")
	requireFault(t, err, fault.Business, course.Decided)
	for range 2 {
		rec, err := b.Complete(ctx, "m-a", order.TakenStep{Name: "inventory.commit", State: "done"})
		require.NoError(t, err)
		require.Equal(t, order.Pending, rec.Status, "its price is not heard of yet")
	}
	require.Equal(t, []string{"order.placed m-a", "order.abort_asked m-a", "order.placed m-a"}, r.Names(t))
	_, err = b.Wanted(ctx, "m-a")
	require.NoError(t, err, "its steps are asked for again")
	b.heard(t, "m-a")
	rec, err := b.Complete(ctx, "m-a")
	require.NoError(t, err)
	require.Equal(t, order.Confirmed, rec.Status)
}

func aChoreographedOrderIsAborted(t *testing.T, b testBundle) {
	ctx, r := t.Context(), b.reader(t)
	b.place(t, "d-a")
	_, err := b.free(ctx, "d-a", "payment")
	require.NoError(t, err)
	require.Equal(t, []string{"order.placed d-a"}, r.Names(t), "no service was asked for it")
	for _, why := range []order.Reason{order.OutOfStock, order.CustomerRequest} {
		rec, err := b.Object(ctx, "d-a", course.Objection{Reason: why, Step: "inventory.reserve", Code: "OUT_OF_STOCK"})
		require.NoError(t, err)
		require.Equal(t, []any{order.Pending, order.OutOfStock, order.Reason("")}, []any{rec.Status, rec.Course.Asked, rec.Decided})
	}
	events := r.Events(t)
	require.Len(t, events, 1)
	asked := told.Read(t, order.AbortAskedFact, events[0])
	require.Equal(t, []any{order.OutOfStock, order.Reason(""), order.Choreographed}, []any{asked.Asked, asked.Decided, asked.Style})
	require.Equal(t, "choreographed", events[0].Style)

	for range 2 {
		rec, err := b.Abort(ctx, "d-a", settled)
		require.NoError(t, err)
		require.Equal(t, []any{order.Pending, order.OutOfStock}, []any{rec.Status, rec.Decided})
	}
	require.Equal(t, []string{"order.aborted d-a"}, r.Names(t))
	require.Empty(t, b.token(t, "d-a"), "no service may take the money any more")
	b.heard(t, "d-a")
	_, err = b.Complete(ctx, "d-a")
	requireFault(t, err, fault.Bug, order.IllegalTransition) // a late step does not bring it back

	for _, service := range []string{"payment", "payment", "inventory", "inventory"} {
		_, err := b.free(ctx, "d-a", service)
		require.NoError(t, err)
	}
	require.Equal(t, []string{"order.cancelled d-a"}, r.Names(t))
	rec, err := b.Get(ctx, "d-a")
	require.NoError(t, err)
	require.Equal(t, []any{order.Cancelled, order.OutOfStock}, []any{rec.Status, rec.Reason})
	due, err := b.Due(ctx, database.Now().Add(time.Hour), "", 99)
	require.NoError(t, err)
	require.NotContains(t, due, "d-a")
}

// Under a cause a repeat tells the fact that its caller may have missed, and no other one:
// an answer that is told again must not set off the whole undo again.
func aChoreographedOrderTellsARepeatUnderACause(t *testing.T, b testBundle) {
	ctx, r := event.CausedBy(t.Context(), event.Event{ID: "again", Style: "choreographed", Hops: 4}), b.reader(t)
	twice := func(want string, f func() error) {
		t.Helper()
		for range 2 {
			require.NoError(t, f())
			events := r.Events(t)
			if want == "" {
				require.Empty(t, events)
				continue
			}
			require.Len(t, events, 1)
			require.Equal(t, []any{"amends." + want + ".v1", "again", 5}, []any{events[0].Type, events[0].Causation, events[0].Hops})
		}
	}
	object := func() error {
		_, err := b.Object(ctx, "f-a", course.Objection{Reason: order.OutOfStock, Step: "inventory.reserve", Code: "OUT_OF_STOCK"})
		return err
	}
	abort := func() error { _, err := b.Abort(ctx, "f-a", settled); return err }
	b.place(t, "f-a")
	require.Len(t, r.Events(t), 1)
	twice("order.abort_asked", object)
	twice("order.aborted", abort)
	twice("", object)
	twice("", func() error { _, err := b.free(ctx, "f-a", "payment"); return err })
	twice("order.cancelled", func() error { _, err := b.free(ctx, "f-a", "inventory"); return err })
	twice("", abort)

	b.place(t, "f-b")
	b.heard(t, "f-b")
	require.Len(t, r.Events(t), 1)
	twice("order.confirmed", func() error { _, err := b.Complete(ctx, "f-b"); return err })
}

func theClockFindsAndRemindsOrders(t *testing.T, b testBundle) {
	ctx, r, now := t.Context(), b.reader(t), database.Now()
	for _, id := range []string{"g-a", "g-b", "g-c"} {
		b.place(t, id)
	}
	b.create(t, "g-orchestrated")
	require.Len(t, r.Events(t), 4)
	due := func(after time.Duration, from string, limit int) []string {
		t.Helper()
		ids, err := b.Due(ctx, now.Add(after), from, limit)
		require.NoError(t, err)
		return ids
	}
	require.Empty(t, due(30*time.Second, "g", 9))
	require.Equal(t, []string{"g-a", "g-b"}, due(2*time.Minute, "g", 2))
	require.Equal(t, []string{"g-c"}, due(2*time.Minute, "g-b", 2))

	require.NoError(t, b.Remind(ctx, "g-a", now))
	require.Empty(t, r.Names(t), "it is not due")
	require.NoError(t, b.Remind(ctx, "g-a", now.Add(2*time.Minute)))
	require.Equal(t, []string{"order.placed g-a"}, r.Names(t))
	require.Equal(t, []string{"g-b", "g-c"}, due(2*time.Minute, "g", 9))

	require.NoError(t, b.Remind(ctx, "g-b", now.Add(11*time.Minute)))
	require.Equal(t, []string{"order.abort_asked g-b"}, r.Names(t))
	rec, err := b.Get(ctx, "g-b")
	require.NoError(t, err)
	require.Equal(t, order.Deadline, rec.Course.Asked)
	require.NoError(t, b.Remind(ctx, "g-b", now.Add(13*time.Minute)))
	require.Equal(t, []string{"order.abort_asked g-b"}, r.Names(t))
	_, err = b.Abort(ctx, "g-b", settled)
	require.NoError(t, err)
	require.NoError(t, b.Remind(ctx, "g-b", now.Add(20*time.Minute)))
	require.Equal(t, []string{"order.aborted g-b", "order.aborted g-b"}, r.Names(t))
	requireFault(t, b.Remind(ctx, "g-orchestrated", now), fault.Bug, fault.Conflict)
}

// Two processes may believe for a moment that they have the clock.
func clocksThatRemindAtOnceTellOnce(t *testing.T, b testBundle) {
	now, r := database.Now(), b.reader(t)
	b.place(t, "j-a")
	require.Len(t, r.Events(t), 1)
	for _, c := range []struct {
		after time.Duration
		tells string
	}{{2 * time.Minute, "order.placed j-a"}, {11 * time.Minute, "order.abort_asked j-a"}} {
		var clocks errgroup.Group
		for range 8 {
			clocks.Go(func() error { return b.Remind(t.Context(), "j-a", now.Add(c.after)) })
		}
		require.NoError(t, clocks.Wait())
		require.Equal(t, []string{c.tells}, r.Names(t))
	}
}

// Each service is told its own part, as long as a step is wanted.
func partsAreThoseOfAnOpenOrder(t *testing.T, b testBundle) {
	ctx := t.Context()
	b.place(t, "h-a")
	due, err := b.Payable(ctx, "h-a")
	require.NoError(t, err)
	require.Equal(t, course.Payable{Token: "tok_visa"}, due)
	b.heard(t, "h-a")
	due, err = b.Payable(ctx, "h-a")
	require.NoError(t, err)
	require.EqualValues(t, 12600, due.Total.Minor)
	wanted, err := b.Wanted(ctx, "h-a")
	require.NoError(t, err)
	require.Equal(t, course.Wanted{Currency: "EUR", Lines: placement().Lines}, wanted)
	to, err := b.Destination(ctx, "h-a")
	require.NoError(t, err)
	require.Equal(t, placement().ShipTo, to)

	_, err = b.Object(ctx, "h-a", course.Objection{Reason: order.CustomerRequest})
	require.NoError(t, err)
	for _, ask := range map[string]func(id string) error{
		"Wanted":      func(id string) error { _, err := b.Wanted(ctx, id); return err },
		"Payable":     func(id string) error { _, err := b.Payable(ctx, id); return err },
		"Destination": func(id string) error { _, err := b.Destination(ctx, id); return err },
	} {
		requireFault(t, ask("h-a"), fault.Business, course.Decided)
		requireFault(t, ask("none"), fault.Business, fault.NotFound)
	}
}

// The token is in its own table alone.
func noOtherTableHasTheToken(t *testing.T, b testBundle) {
	b.place(t, "i-a")
	told.RequireAbsent(t, b.db, "tok_visa")
	var placements []string
	require.NoError(t, b.db.Raw("SELECT placement FROM orders WHERE id = 'i-a'").Scan(&placements).Error)
	require.NotContains(t, placements[0], "tok_visa")
	var states []string
	require.NoError(t, b.db.Raw("SELECT state FROM courses WHERE order_id = 'i-a'").Scan(&states).Error)
	require.NotContains(t, states[0], "tok_visa")
}
