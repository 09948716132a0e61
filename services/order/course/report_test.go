package course_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/saga/ledger"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/services/order/course"
)

// stuck returns a report about a step.
func stuck(event, step string, code fault.Code, after time.Duration) course.Report {
	return course.Report{Event: event, Flag: ledger.Attention{Step: step, Code: code, Kind: fault.Transient, Since: began.Add(after), Owed: "money held"}}
}

func steps(r order.Record) (all []string) {
	for _, a := range r.Attention {
		all = append(all, a.Step+" "+string(a.Code))
	}
	return all
}

func TestAStepHasOneFlagFromItsFirstReport(t *testing.T) {
	t.Parallel()
	r := choreographed()
	require.True(t, course.Reported(&r, stuck("e1", "payment.authorize", "A", time.Minute), began))
	require.False(t, course.Reported(&r, stuck("e1", "payment.authorize", "A", time.Minute), began), "told twice")
	require.True(t, course.Reported(&r, stuck("e1", "payment.authorize", "B", time.Hour), began))
	require.True(t, course.Reported(&r, stuck("e2", "payment.authorize", "C", time.Hour), began))
	require.True(t, course.Reported(&r, stuck("e3", "shipping.book", "D", time.Hour), began))
	require.Equal(t, []string{"payment.authorize C", "shipping.book D"}, steps(r))
	require.Equal(t, began.Add(time.Minute), r.Attention[0].Since)

	over := stuck("e2", "payment.authorize", "", 0)
	over.Over = true
	require.True(t, course.Reported(&r, over, began))
	require.Equal(t, []string{"shipping.book D"}, steps(r), "the step has succeeded, so the other event will")
	require.False(t, course.Reported(&r, over, began))
	require.False(t, course.Reported(&r, stuck("e1", "payment.authorize", "E", time.Hour), began), "it is late")

	// The end comes before its beginning.
	over.Event = "e4"
	require.True(t, course.Reported(&r, over, began))
	require.False(t, course.Reported(&r, stuck("e4", "payment.authorize", "A", time.Hour), began))
}

func TestLastingFlagsAndThoseOfRefundsStay(t *testing.T) {
	t.Parallel()
	r := aborted(t, order.Internal)
	r.Attention = append(r.Attention, ledger.Attention{Step: "payment.refund", Saga: "r1"})
	require.True(t, course.Reported(&r, stuck("e1", "inventory.reserve", "A", 0), began))
	require.Equal(t, []string{"inventory.reserve NONE", "inventory.reserve A", "payment.refund "}, steps(r))
	over := stuck("e1", "inventory.reserve", "", 0)
	over.Over = true
	require.True(t, course.Reported(&r, over, began))
	require.Equal(t, []string{"inventory.reserve NONE", "payment.refund "}, steps(r))
}

func TestAServiceThatHoldsNothingIsNotStuck(t *testing.T) {
	t.Parallel()
	r := aborted(t, order.OutOfStock)
	course.Reported(&r, stuck("e1", "payment.authorize", "A", 0), began)
	course.Reported(&r, stuck("e2", "shipping.book", "B", 0), began)
	require.True(t, course.Release(&r, "payment", began))
	require.Equal(t, []string{"shipping.book B"}, steps(r))
	course.Calm(&r, began)
	require.Empty(t, steps(r))
}

func TestAFlagHasTheAmountsThatTheOrderMayHold(t *testing.T) {
	t.Parallel()
	r := choreographed()
	r.Placement.Lines = []order.Line{{SKU: "MUG", Quantity: 2}, {SKU: "TEE", Quantity: 1}}
	owed := func(h course.Holding) string {
		r.Course.Troubles = nil
		p := stuck("e", "payment.authorize", "A", 0)
		p.Flag.Owed, p.Holds = "held", h
		require.True(t, course.Reported(&r, p, began))
		return r.Attention[0].Owed
	}
	require.Equal(t, []string{"held", "held", "held: 3 units", "held"}, []string{owed(0), owed(course.Money), owed(course.Stock), owed(course.Parcels)})
	r.Course.Quote = &order.Quote{Total: money.New(1290, "EUR")}
	r.Course.Parcels = []order.Parcel{{TrackingNumber: "T1"}, {TrackingNumber: "T2"}}
	require.Equal(t, []string{"held: 12.90 EUR", "held: T1, T2"}, []string{owed(course.Money), owed(course.Parcels)})
}

// A bug is flagged although the order is to be aborted already, but not twice.
func TestEveryBugIsFlagged(t *testing.T) {
	t.Parallel()
	r := aborted(t, order.OutOfStock)
	for _, changes := range []bool{true, false} {
		changed, err := course.Object(&r, course.Objection{Reason: order.Internal, Step: "shipping.book", Code: "MISMATCH"}, began)
		require.NoError(t, err)
		require.Equal(t, changes, changed)
		require.Equal(t, []string{"shipping.book MISMATCH"}, steps(r))
		require.Equal(t, order.OutOfStock, r.Decided)
	}
}

// The event of a step that fails for good is handled: whatever the order has come to, it is
// not stuck with that event any longer. Others of the step may be.
func TestAFailureEndsTheTroubleOfItsEvent(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]order.Record{"pending": choreographed(), "aborted": aborted(t, order.Deadline)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			lasting := steps(r)
			require.True(t, course.Reported(&r, stuck("e1", "catalog.quote", "A", 0), began))
			require.True(t, course.Reported(&r, stuck("e2", "catalog.quote", "B", 0), began))
			fails := func(event string, code fault.Code) bool {
				changed, err := course.Object(&r, course.Objection{Reason: order.Internal, Step: "catalog.quote", Code: code, Event: event}, began)
				require.NoError(t, err)
				return changed
			}
			require.True(t, fails("e2", "BUG"))
			require.ElementsMatch(t, append(lasting, "catalog.quote BUG", "catalog.quote A"), steps(r))
			require.True(t, fails("e1", "BUG"))
			require.ElementsMatch(t, append(lasting, "catalog.quote BUG"), steps(r))
			require.False(t, fails("e1", "BUG"), "told twice")
			require.False(t, course.Reported(&r, stuck("e1", "catalog.quote", "A", 0), began), "it is late")

			// The end comes before its beginning.
			fails("e3", "BUG")
			require.False(t, course.Reported(&r, stuck("e3", "catalog.quote", "A", 0), began))
			require.ElementsMatch(t, append(lasting, "catalog.quote BUG"), steps(r))
		})
	}
	t.Run("ended", func(t *testing.T) {
		t.Parallel()
		r := aborted(t, order.Deadline)
		require.True(t, course.Reported(&r, stuck("e1", "catalog.quote", "A", 0), began))
		r.Status = order.Cancelled
		changed, err := course.Object(&r, course.Objection{Reason: order.Internal, Step: "catalog.quote", Code: "BUG", Event: "e1"}, began)
		require.NoError(t, err)
		require.True(t, changed)
		require.NotContains(t, steps(r), "catalog.quote A")
		require.NotContains(t, steps(r), "catalog.quote BUG", "nothing of it is left to repair")
	})
}

// An event has several listeners: order.aborted those of payment, inventory and shipping.
// Whichever of them goes on, or fails for good, says nothing of the others.
func TestListenersOfOneEventAreStuckApart(t *testing.T) {
	t.Parallel()
	r := aborted(t, order.Deadline)
	lasting := steps(r)
	require.True(t, course.Reported(&r, stuck("e1", "payment.authorize", "A", 0), began))
	require.True(t, course.Reported(&r, stuck("e1", "shipping.book", "B", 0), began))
	require.True(t, course.Reported(&r, stuck("e1", "inventory.reserve", "C", 0), began))
	require.ElementsMatch(t, append(lasting, "payment.authorize A", "shipping.book B", "inventory.reserve C"), steps(r))

	over := stuck("e1", "shipping.book", "", 0)
	over.Over = true
	require.True(t, course.Reported(&r, over, began))
	_, err := course.Object(&r, course.Objection{Reason: order.Internal, Step: "inventory.reserve", Code: "BUG", Event: "e1"}, began)
	require.NoError(t, err)
	require.ElementsMatch(t, append(lasting, "payment.authorize A", "inventory.reserve BUG"), steps(r))
	require.True(t, course.Reported(&r, stuck("e1", "payment.authorize", "D", 0), began), "it is not late")
	require.Contains(t, steps(r), "payment.authorize D")
}
