package course_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga/ledger"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/services/order/course"
)

// flagged returns an order that is aborted, and whose undo of a step is flagged.
func flagged(t *testing.T, step string) order.Record {
	t.Helper()
	r := aborted(t, order.OutOfStock)
	r.Note(order.Note{At: began, Attention: []ledger.Attention{
		{Step: "shipping.book", Code: "CARRIER_TIMEOUT", Kind: fault.Unknown, Since: began, Owed: "parcels booked"},
		{Step: step, Code: "PROVIDER_UNAVAILABLE", Kind: fault.Transient, Since: began, Owed: "money held"},
	}})
	return r
}

func request(action ledger.Action, step string) ledger.Repair {
	return ledger.Repair{Action: action, Step: step, Reason: "why", Operator: "night", Reference: "case 1"}
}

func TestANudgeRemindsNowAndIsKept(t *testing.T) {
	t.Parallel()
	r := choreographed()
	q := request(ledger.Nudge, "")
	q.Request = "once"
	for range 2 { // a repeat changes nothing
		_, err := course.Repair(&r, q, began.Add(time.Second))
		require.NoError(t, err)
		require.Equal(t, 1, r.Course.Reminders)
		q.At = began.Add(time.Second)
		require.Equal(t, []ledger.Repair{q}, r.Repairs)
	}
	changed, err := course.Repair(&r, request(ledger.Nudge, ""), began.Add(11*time.Minute))
	require.NoError(t, err)
	require.True(t, changed)
	require.Equal(t, order.Deadline, r.Course.Asked, "it does the clock's part, which is to object to an order that is late")
	require.Len(t, r.Repairs, 2)
}

func TestASkipWaivesTheUndoAndLeavesOtherFlags(t *testing.T) {
	t.Parallel()
	r, now := flagged(t, "payment.authorize"), began.Add(time.Hour)
	require.True(t, course.Holds(r, "payment"))
	changed, err := course.Repair(&r, request(ledger.Skip, "payment.authorize"), now)
	require.NoError(t, err)
	require.True(t, changed)
	require.Equal(t, []ledger.Waiver{{
		Step: "payment.authorize", Code: "PROVIDER_UNAVAILABLE", Owed: "money held", Reason: "why", Operator: "night", Reference: "case 1", At: now,
	}}, r.Waivers)
	require.False(t, course.Holds(r, "payment"))
	require.Len(t, r.Attention, 1)
	require.Equal(t, "shipping.book", r.Attention[0].Step)
	require.Equal(t, 1, r.Course.Reminders, "the other services say again that they hold nothing, and the last of them ends the order")

	changed, err = course.Repair(&r, request(ledger.Skip, "payment.authorize"), now)
	require.NoError(t, err)
	require.False(t, changed, "it is waived")
	require.Len(t, r.Repairs, 1)
}

// A step whose taking has failed with a bug has a flag of that before the one of its undo.
func TestASkipLeavesTheFlagOfABug(t *testing.T) {
	t.Parallel()
	r := aborted(t, order.OutOfStock)
	bug := ledger.Attention{Step: "shipping.book", Code: fault.Mismatch, Kind: fault.Bug, Since: began, Lasting: true}
	r.Note(order.Note{At: began, Attention: []ledger.Attention{bug}})
	_, err := course.Repair(&r, request(ledger.Skip, "shipping.book"), began)
	require.Equal(t, course.NotFlagged, fault.CodeOf(err), "nothing is known to be left")

	stuck := ledger.Attention{Step: "shipping.book", Code: "CARRIER_TIMEOUT", Kind: fault.Unknown, Since: began, Owed: "parcels booked"}
	require.True(t, course.Reported(&r, course.Report{Event: "e", Flag: stuck}, began))
	_, err = course.Repair(&r, request(ledger.Skip, "shipping.book"), began)
	require.NoError(t, err)
	require.Equal(t, []any{"parcels booked", fault.Code("CARRIER_TIMEOUT")}, []any{r.Waivers[0].Owed, r.Waivers[0].Code})
	require.Equal(t, []ledger.Attention{bug}, r.Attention)
}

func TestARetryIsKeptAndChangesNothingElse(t *testing.T) {
	t.Parallel()
	r := flagged(t, "payment.authorize")
	before := *r.Course
	changed, err := course.Repair(&r, request(ledger.Retry, "payment.authorize"), began)
	require.NoError(t, err)
	require.True(t, changed)
	require.Equal(t, before, *r.Course)
	require.Len(t, r.Attention, 2)
}

func TestARepairIsRefused(t *testing.T) {
	t.Parallel()
	open := flagged(t, "payment.authorize")
	open.Decided = ""
	ended := flagged(t, "payment.authorize")
	ended.Status = order.Cancelled
	free := flagged(t, "payment.authorize")
	require.True(t, course.Release(&free, "payment", began))
	skip := request(ledger.Skip, "payment.authorize")
	silent, control := skip, skip
	silent.Reason, control.Reference = " ", "a\nb"
	for name, c := range map[string]struct {
		of   order.Record
		ask  ledger.Repair
		want fault.Code
	}{
		"OfAnOrderThatHasEnded":     {ended, skip, course.AlreadyDecided},
		"OfAStepThatIsNotFlagged":   {flagged(t, "payment.authorize"), request(ledger.Skip, "inventory.reserve"), course.NotFlagged},
		"OfAStepThatIsUndone":       {free, skip, course.NotFlagged},
		"OfAStepThatIsNotBeingSo":   {open, skip, fault.Invalid},
		"WithoutAReason":            {open, silent, order.ReasonMissing},
		"WithWordsThatAreNoText":    {open, control, fault.Invalid},
		"WithAnActionThatIsUnknown": {open, request("forget", ""), fault.Invalid},
	} {
		before := c.of
		changed, err := course.Repair(&c.of, c.ask, began)
		require.Equal(t, []any{c.want, fault.Business, false}, []any{fault.CodeOf(err), fault.KindOf(err), changed}, name)
		require.Equal(t, before.Waivers, c.of.Waivers, name)
	}
}

// The service of a step that is waived goes on trying, and reporting.
func TestASkippedStepIsNotFlaggedAgain(t *testing.T) {
	t.Parallel()
	r := aborted(t, order.OutOfStock)
	report := func(step string, again ...string) {
		course.Reported(&r, course.Report{Event: fmt.Sprint("of ", step, again), Flag: ledger.Attention{Step: step, Code: "GONE", Owed: "money held", Since: began}}, began)
	}
	report("payment.authorize")
	report("shipping.book")
	require.Len(t, r.Attention, 2)
	_, err := course.Repair(&r, request(ledger.Skip, "payment.authorize"), began)
	require.NoError(t, err)
	report("payment.authorize")
	report("payment.authorize", "behind a reminder")
	report("shipping.book")
	require.Len(t, r.Attention, 1)
	require.True(t, course.Release(&r, "shipping", began))
	require.Empty(t, r.Attention)
	require.Equal(t, "money held", r.Waivers[0].Owed)
}
