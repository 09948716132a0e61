package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"github.com/amends/amends/activities"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/proof/clinic"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/saga/ledger"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/workflows"
)

// bungled is an order that a bug has ended, and that stays flagged for it.
func bungled(t *testing.T, c *clinic.Clinic) workflows.Input {
	t.Helper()
	in := c.Input()
	env := c.Environment(0)
	c.Bind(buggy{env, "shipping.book"})
	env.ExecuteWorkflow(workflows.PlaceOrder, in)
	require.NoError(t, env.GetWorkflowError())
	c.Engine.Sagas[in.OrderID] = activities.SagaCompleted
	return in
}

// acknowledge has an operator acknowledge an order, this much later.
func acknowledge(t *testing.T, c *clinic.Clinic, in workflows.Acknowledgement, later time.Duration) (v workflows.OrderView, err error) {
	t.Helper()
	env := c.Environment(later)
	c.BindAudit(env, c.Engine)
	env.ExecuteWorkflow(workflows.AcknowledgeOrder, in)
	require.True(t, env.IsWorkflowCompleted())
	if err := env.GetWorkflowError(); err != nil {
		return v, err
	}
	require.NoError(t, env.GetWorkflowResult(&v))
	return v, nil
}

func looked(id, operator string) workflows.Acknowledgement {
	return workflows.Acknowledgement{
		OrderID: id, Acknowledgement: ledger.Acknowledgement{Reason: "read the log", Operator: operator, Reference: "case 4711"},
	}
}

func TestAnAcknowledgedOrderIsUnlistedAndTellsWhoLookedAtIt(t *testing.T) {
	t.Parallel()

	c := clinic.New(t)
	in := bungled(t, c)
	before, err := c.Orders.Get(t.Context(), in.OrderID)
	require.NoError(t, err)
	require.Len(t, before.Attention, 1)
	require.Equal(t, 1, c.Diagnose(t).NeedsAttention)

	v, err := acknowledge(t, c, looked(in.OrderID, "night"), time.Hour)
	require.NoError(t, err)
	require.Equal(t, order.Cancelled, v.Status)
	require.Equal(t, order.Internal, v.Reason)
	require.Equal(t, "cus_1", v.CustomerID)
	require.NotEmpty(t, v.Steps)
	require.False(t, v.NeedsAttention)
	require.Empty(t, v.Attention)
	require.Len(t, v.Acknowledgements, 1)
	a := v.Acknowledgements[0]
	require.Equal(t, []string{"read the log", "night", "case 4711"}, []string{a.Reason, a.Operator, a.Reference})
	require.Equal(t, before.Attention, a.Flags)

	after, err := c.Orders.Get(t.Context(), in.OrderID)
	require.NoError(t, err)
	require.False(t, after.NeedsAttention())
	require.Equal(t, v.Acknowledgements, after.Acknowledgements)
	require.NoError(t, c.Check(t.Context()))
	report := c.Diagnose(t)
	require.True(t, report.OK)
	require.Zero(t, report.NeedsAttention)

	again, err := acknowledge(t, c, looked(in.OrderID, "day"), 2*time.Hour)
	require.NoError(t, err)
	require.Equal(t, v, again, "the first one stays")
}

// A reset raises another flag, which is not reviewed yet; then the workflow's own
// view has the acknowledgement.
func TestAnAcknowledgedOrderThatIsResetIsListedAgain(t *testing.T) {
	t.Parallel()

	c := clinic.New(t)
	in := bungled(t, c)
	_, err := acknowledge(t, c, looked(in.OrderID, "night"), time.Hour)
	require.NoError(t, err)

	reset := c.Environment(2 * time.Hour)
	c.Bind(reset)
	reset.ExecuteWorkflow(workflows.PlaceOrder, in)
	require.NoError(t, reset.GetWorkflowError())
	var v workflows.OrderView
	require.NoError(t, reset.GetWorkflowResult(&v))
	require.True(t, v.NeedsAttention)
	require.Len(t, v.Acknowledgements, 1)
	require.Equal(t, 1, c.Diagnose(t).NeedsAttention)

	v, err = acknowledge(t, c, looked(in.OrderID, "day"), 4*time.Hour)
	require.NoError(t, err)
	require.False(t, v.NeedsAttention)
	require.Len(t, v.Acknowledgements, 2)
	require.Equal(t, "day", v.Acknowledgements[1].Operator)
	require.Zero(t, c.Diagnose(t).NeedsAttention)
}

// The record may have been changed by hand, and then has no view.
func TestAnOrderWithoutAViewIsShownAsItsRecordHasIt(t *testing.T) {
	t.Parallel()

	c := clinic.New(t)
	in := bungled(t, c)
	c.Injure(t, "order", `UPDATE orders SET view = NULL WHERE id = ?`, in.OrderID)
	v, err := acknowledge(t, c, looked(in.OrderID, "night"), time.Hour)
	require.NoError(t, err)
	require.Equal(t, in.OrderID, v.ID)
	require.Equal(t, order.Internal, v.Reason)
	require.Len(t, v.Lines, 2)
	require.Len(t, v.Acknowledgements, 1)
}

func TestAnAcknowledgementIsRefused(t *testing.T) {
	t.Parallel()

	c := clinic.New(t)
	bug, well, stopped := bungled(t, c).OrderID, c.Place(t, "tok_visa").ID, c.Stopped(t, false)
	flag := order.Note{At: time.Now(), Attention: []ledger.Attention{{Step: "payment.authorize", Code: "UNAVAILABLE", Since: time.Now()}}}
	require.NoError(t, c.Orders.Note(t.Context(), key.New(stopped, "order.note"), flag))
	resumed := bungled(t, c).OrderID
	c.Engine.Sagas[resumed] = activities.SagaRunning
	silent, control := looked(bug, "night"), looked(bug, "night")
	silent.Reason, control.Reason = " ", "a\nb"

	for name, tt := range map[string]struct {
		in   workflows.Acknowledgement
		want fault.Code
	}{
		"AsLongAsItsSagaRuns":    {looked(resumed, "night"), workflows.SagaRuns},
		"OfAnUndecidedOrder":     {looked(stopped, "night"), workflows.NotDecided},
		"OfAnOrderWithoutAFlag":  {looked(well, "night"), workflows.NothingToAcknowledge},
		"OfAnOrderThatNeverWas":  {looked("never", "night"), fault.NotFound},
		"WithoutAReason":         {silent, "REASON_MISSING"},
		"WithWordsThatAreNoText": {control, fault.Invalid},
	} {
		_, err := acknowledge(t, c, tt.in, time.Hour)
		var refused *temporal.ApplicationError
		require.ErrorAs(t, err, &refused, name)
		require.Equal(t, string(tt.want), refused.Type(), name)
		require.True(t, refused.NonRetryable(), name)
	}
	for _, id := range []string{bug, stopped, resumed} {
		rec, err := c.Orders.Get(t.Context(), id)
		require.NoError(t, err)
		require.True(t, rec.NeedsAttention(), "a refusal changes nothing")
		require.Empty(t, rec.Acknowledgements)
	}
}
