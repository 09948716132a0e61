package course_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/saga/ledger"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/services/order/course"
)

var began = time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)

// choreographed returns a PENDING order that must be decided in ten minutes.
func choreographed() order.Record {
	r := order.Record{
		ID: "a", Status: order.Pending, CreatedAt: began,
		Placement: order.Placement{Currency: "EUR", Style: order.Choreographed, DecideBy: began.Add(10 * time.Minute)},
	}
	course.Begin(&r, began)
	return r
}

// aborted returns an order that is aborted for the reason.
func aborted(t *testing.T, why order.Reason) order.Record {
	t.Helper()
	r := choreographed()
	changed, err := course.Object(&r, course.Objection{Reason: why, Step: "inventory.reserve", Code: "NONE"}, began)
	require.NoError(t, err)
	require.True(t, changed)
	changed, err = course.Abort(&r, order.TakenStep{Name: "payment.capture"}, began)
	require.NoError(t, err)
	require.True(t, changed)
	return r
}

func TestTheFirstObjectionStays(t *testing.T) {
	t.Parallel()
	r := choreographed()
	require.True(t, course.Open(r))
	changed, err := course.Object(&r, course.Objection{Reason: "WHATEVER"}, began)
	require.Equal(t, fault.Bug, fault.KindOf(err))
	require.False(t, changed)
	require.True(t, course.Open(r))

	changed, err = course.Object(&r, course.Objection{Reason: order.OutOfStock, Step: "inventory.reserve", Code: "OUT_OF_STOCK"}, began)
	require.NoError(t, err)
	require.True(t, changed)
	require.Equal(t, []any{order.Pending, order.Reason(""), order.OutOfStock, false}, []any{r.Status, r.Against(), r.Course.Asked, course.Open(r)},
		"only the settle decides")
	require.False(t, r.NeedsAttention())
	changed, err = course.Object(&r, course.Objection{Reason: order.CustomerRequest}, began.Add(time.Second))
	require.NoError(t, err)
	require.False(t, changed)

	changed, err = course.Abort(&r, order.TakenStep{Name: "payment.capture"}, began)
	require.NoError(t, err)
	require.True(t, changed)
	require.Equal(t, []any{order.Pending, order.OutOfStock}, []any{r.Status, r.Decided})
	changed, err = course.Abort(&r, order.TakenStep{Name: "payment.capture"}, began)
	require.NoError(t, err)
	require.False(t, changed)
	require.Equal(t, []order.TakenStep{{Name: "inventory.reserve", State: "refused", EndedAt: began, Error: "OUT_OF_STOCK"}}, r.Course.Steps)
}

func TestABugIsFlagged(t *testing.T) {
	t.Parallel()
	r := aborted(t, order.Internal)
	require.Equal(t, []ledger.Attention{{Step: "inventory.reserve", Code: "NONE", Kind: fault.Bug, Since: began, Lasting: true}}, r.Attention)

	// The objection is lost, as after the restore of a database.
	r = choreographed()
	changed, err := course.Abort(&r, order.TakenStep{Name: "payment.capture"}, began)
	require.NoError(t, err)
	require.True(t, changed)
	require.Equal(t, order.Internal, r.Decided)
	require.Len(t, r.Attention, 1)
}

func TestAConfirmedOrderIsNotAborted(t *testing.T) {
	t.Parallel()
	r := choreographed()
	_, err := course.Object(&r, course.Objection{Reason: order.CustomerRequest}, began)
	require.NoError(t, err)
	total := money.New(1, "EUR")
	_, err = r.Confirm(order.Closing{Total: &total}, began)
	require.NoError(t, err, "the money was taken before the objection was settled")
	changed, err := course.Object(&r, course.Objection{Reason: order.CustomerRequest}, began)
	require.NoError(t, err)
	require.False(t, changed)
	_, err = course.Abort(&r, order.TakenStep{Name: "payment.capture"}, began)
	require.Equal(t, fault.Bug, fault.KindOf(err), "its capture cannot be blocked and have happened")
	require.Equal(t, order.Confirmed, r.Status)
}

// The news of the booking is lost, and the order is objected to, when its money turns out to
// be taken: there is no way but forward, so all steps are asked for again.
func TestAnOrderWhoseMoneyIsTakenGoesForward(t *testing.T) {
	t.Parallel()
	r := choreographed()
	_, err := course.Object(&r, course.Objection{Reason: order.CustomerRequest}, began)
	require.NoError(t, err)
	require.True(t, course.Take(&r, began, order.TakenStep{Name: "payment.capture", State: "done"}))
	require.False(t, course.Take(&r, began))
	require.Equal(t, []any{true, order.PlacedFact, order.CustomerRequest}, []any{course.Open(r), r.Newest(), r.Course.Asked})

	for range 30 {
		changed, err := course.Remind(&r, course.DueAt(r))
		require.NoError(t, err)
		require.True(t, changed)
	}
	require.Equal(t, order.PlacedFact, r.Newest(), "the deadline is over, and of no use")
	changed, err := course.Object(&r, course.Objection{Reason: order.OutOfStock}, began)
	require.NoError(t, err)
	require.False(t, changed)
	_, err = course.Abort(&r, order.TakenStep{Name: "payment.capture"}, began)
	require.Equal(t, []any{fault.Bug, order.IllegalTransition}, []any{fault.KindOf(err), fault.CodeOf(err)})
	require.Equal(t, order.CustomerRequest, r.Course.Asked)
}

// The services that hold nothing are a set: a service that says so twice does not stand
// for another one.
func TestAnAbortedOrderWaitsForEveryService(t *testing.T) {
	t.Parallel()
	all := []string{"inventory", "payment", "shipping"}
	early := choreographed()
	require.False(t, course.Release(&early, "payment", began), "no service was asked for it yet")
	require.True(t, course.Holds(early, all...))

	r := aborted(t, order.OutOfStock)
	free := func(service, step string) bool {
		return course.Release(&r, service, began, order.TakenStep{Name: step, State: "undone", EndedAt: began})
	}
	require.True(t, free("payment", "payment.authorize"))
	require.False(t, free("payment", "payment.authorize"))
	require.True(t, free("inventory", "inventory.reserve"))
	require.True(t, course.Holds(r, all...))
	require.Equal(t, []string{"inventory", "payment"}, r.Course.Free)
	waived := r
	waived.Waivers = []ledger.Waiver{{Step: "shipping.book"}}
	require.False(t, course.Holds(waived, all...), "an operator has given the undo up")
	require.True(t, free("shipping", "shipping.book"))
	require.False(t, course.Holds(r, all...))

	var states []string
	for _, s := range r.Course.Steps {
		states = append(states, s.Name+" "+s.State)
	}
	require.Equal(t, []string{"inventory.reserve refused", "payment.authorize undone", "shipping.book undone"}, states)
}

// The undo of a step does not hide that the step was taken, and when: pictures show both.
func TestAnUndoneStepWasTaken(t *testing.T) {
	t.Parallel()
	at := func(after int) time.Time { return began.Add(time.Duration(after) * time.Second) }
	taken := order.TakenStep{Name: "shipping.book", State: "done", EndedAt: at(1)}
	back := order.TakenStep{Name: "shipping.book", State: "undone", EndedAt: at(5)}
	want := back
	want.StartedAt = at(1)
	for name, heard := range map[string][]order.TakenStep{
		"InOrder": {taken, back}, "LateNews": {back, taken}, "ToldTwice": {taken, back, taken, back},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := aborted(t, order.OutOfStock)
			for _, s := range heard {
				course.Heard(&r, at(9), s)
			}
			require.Equal(t, want, r.Course.Steps[1])
		})
	}
	t.Run("ByItsUndoAlone", func(t *testing.T) {
		t.Parallel()
		r := aborted(t, order.OutOfStock)
		require.True(t, course.Release(&r, "shipping", at(9), back))
		require.Equal(t, at(5), r.Course.Steps[1].StartedAt, "at the latest then")
	})
	t.Run("ARefusedOneWasNot", func(t *testing.T) {
		t.Parallel()
		r := aborted(t, order.OutOfStock)
		course.Heard(&r, at(9), order.TakenStep{Name: "inventory.reserve", State: "done", EndedAt: at(1)})
		require.Equal(t, "refused", r.Course.Steps[0].State)
		require.Zero(t, r.Course.Steps[0].StartedAt)
	})
}

// An order that is aborted shows the decision, as one with a workflow does.
func TestAnAbortedOrderShowsItsDecision(t *testing.T) {
	t.Parallel()
	r := aborted(t, order.OutOfStock)
	r.Course.Steps = append(r.Course.Steps, order.TakenStep{Name: "shipping.book", State: "done", EndedAt: began}, order.TakenStep{Name: "payment.authorize", State: "done", EndedAt: began})
	r.Waivers = []ledger.Waiver{{Step: "shipping.book", Owed: "parcels booked: T1"}}
	states := func(view json.RawMessage) (all []string) {
		var v struct {
			Steps []struct{ Name, State, Exposure string }
		}
		require.NoError(t, json.Unmarshal(view, &v))
		for _, s := range v.Steps {
			all = append(all, strings.TrimSpace(s.Name+" "+s.State+" "+s.Exposure))
		}
		return all
	}
	view, err := course.View(r)
	require.NoError(t, err)
	require.Equal(t, []string{
		"order.create done", "inventory.reserve refused", "shipping.book waived", "payment.authorize done money held", "order.decide done",
	}, states(view))
	end, err := course.Closing(r, order.Cancelled, began)
	require.NoError(t, err)
	require.Equal(t, []string{"order.decide done", "order.cancel done"}, states(end.View)[4:])
}

func TestTheClockRemindsAndObjects(t *testing.T) {
	t.Parallel()
	r := choreographed()
	require.Equal(t, began.Add(time.Minute), course.DueAt(r))
	remind := func(after time.Duration) bool {
		t.Helper()
		changed, err := course.Remind(&r, began.Add(after))
		require.NoError(t, err)
		return changed
	}
	require.False(t, remind(59*time.Second))
	var due []time.Duration
	for range 4 {
		after := course.DueAt(r).Sub(began)
		due = append(due, after)
		require.True(t, remind(after))
		require.False(t, remind(after), "once")
	}
	require.Equal(t, []time.Duration{time.Minute, 3 * time.Minute, 7 * time.Minute, 10 * time.Minute}, due)
	require.Equal(t, order.Deadline, r.Course.Asked)

	require.Equal(t, began.Add(11*time.Minute), course.DueAt(r), "progress begins the pauses anew")
	require.True(t, remind(11*time.Minute))
	require.Equal(t, began.Add(13*time.Minute), course.DueAt(r))
	for range 9 {
		require.True(t, remind(course.DueAt(r).Sub(began)))
	}
	before := course.DueAt(r)
	require.True(t, remind(before.Sub(began)))
	require.Equal(t, 5*time.Minute, course.DueAt(r).Sub(before), "the longest pause")
	require.Equal(t, order.Pending, r.Status, "a reminder decides nothing")
}

func TestNewestIsTheFactToGoOnFrom(t *testing.T) {
	t.Parallel()
	r := choreographed()
	require.Equal(t, order.PlacedFact, r.Newest())
	_, err := course.Object(&r, course.Objection{Reason: order.CustomerRequest}, began)
	require.NoError(t, err)
	require.Equal(t, order.AbortAskedFact, r.Newest())
	r = aborted(t, order.CustomerRequest)
	require.Equal(t, order.AbortedFact, r.Newest())
	_, err = r.Cancel(order.Closing{Reason: order.CustomerRequest}, began)
	require.NoError(t, err)
	require.Equal(t, order.CancelledFact, r.Newest())
	orchestrated := order.Record{Status: order.Pending, Decided: order.OutOfStock}
	require.Equal(t, order.PlacedFact, orchestrated.Newest(), "its workflow needs no fact")
}
