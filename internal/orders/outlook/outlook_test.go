package outlook_test

import (
	"maps"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/internal/orders/outlook"
	"github.com/amends/amends/internal/orders/read"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/workflows"
)

// order returns an order of three units for 126 EUR, in one parcel, with steps in states; those that
// are done or flagged hold their effect.
func order(status workflows.Status, states map[string]saga.State) read.Snapshot {
	v := workflows.OrderView{
		Status: status, Total: new(money.New(12600, "EUR")), Lines: []workflows.LineView{{SKU: "MUG", Quantity: 1}, {SKU: "TEE", Quantity: 2}},
		Parcels: []workflows.ParcelView{{Warehouse: "BER"}},
	}
	for name, state := range states {
		st := saga.StepView{Name: name, State: state}
		if state == saga.Done || state == saga.Flagged {
			st.Exposure = "an effect"
		}
		v.Steps = append(v.Steps, st)
	}
	return read.Snapshot{OrderView: v}
}

func names(o outlook.Outlook) (all []string) {
	for _, a := range o.Asks {
		all = append(all, string(a.Call)+" "+a.Step)
	}
	return all
}

var booked = map[string]saga.State{
	"order.create": saga.Done, "catalog.quote": saga.Done, "inventory.reserve": saga.Done, "payment.authorize": saga.Done, "shipping.book": saga.Done,
}

func with(states map[string]saga.State, more ...any) map[string]saga.State {
	all := maps.Clone(states)
	for i := 0; i < len(more); i += 2 {
		all[more[i].(string)] = more[i+1].(saga.State) //nolint:forcetypeassert,errcheck // a test that panics fails
	}
	return all
}

func TestAResumeSettlesFirst(t *testing.T) {
	t.Parallel()
	o := outlook.Resume(order(workflows.StatusPending, booked))
	require.Equal(t, []string{
		"settle payment.capture", "take order.decide", "undo shipping.book", "undo payment.authorize", "undo inventory.reserve", "take order.cancel",
	}, names(o))
	require.Equal(t, []any{int64(12600), 1, int64(3)}, []any{o.Asks[3].Amount.Minor, o.Asks[2].Parcels, o.Asks[4].Units})
	require.Equal(t, []string{"settle payment.capture", "take inventory.commit", "take order.confirm"},
		names(outlook.Resume(order(workflows.StatusPending, with(booked, "payment.capture", saga.Done)))))
}

func TestARerunAsksEveryStep(t *testing.T) {
	t.Parallel()
	forward := []string{
		"take order.create", "take catalog.quote", "take inventory.reserve", "take payment.authorize", "take shipping.book", "take payment.capture", "take inventory.commit", "take order.confirm",
	}
	require.Equal(t, forward, names(outlook.Rerun(order(workflows.StatusConfirmed, with(booked, "payment.capture", saga.Done)))))
	require.Equal(t, []string{
		"settle payment.capture", "take order.decide", "undo shipping.book", "undo payment.authorize", "undo inventory.reserve", "take order.cancel",
	}, names(outlook.Rerun(order(workflows.StatusCancelled, nil))))
}

// A step that is undone, waived or refused already is not asked, and an undo of nothing has no
// amount.
func TestAnUndoAsksForWhatIsLeft(t *testing.T) {
	t.Parallel()
	s := order(workflows.StatusPending, map[string]saga.State{
		"order.decide": saga.Done, "shipping.book": saga.Waived, "payment.authorize": saga.Flagged, "inventory.reserve": saga.Waiting,
	})
	require.True(t, outlook.Undoes(s))
	o := outlook.Nudge(s, "order.aborted")
	require.Equal(t, "order.aborted", o.Tells)
	require.Equal(t, []string{"undo payment.authorize", "undo inventory.reserve", "take order.cancel"}, names(o))
	require.NotNil(t, o.Asks[0].Amount)
	require.Zero(t, o.Asks[1].Units)
}

func TestANudgeOfAnOrderThatIsObjectedToSettles(t *testing.T) {
	t.Parallel()
	s := order(workflows.StatusPending, booked)
	require.False(t, outlook.Undoes(s))
	require.Equal(t, "settle payment.capture", names(outlook.Nudge(s, "order.abort_asked"))[0])
	require.Equal(t, []string{"take payment.capture", "take inventory.commit", "take order.confirm"}, names(outlook.Nudge(s, "order.placed")))
}
