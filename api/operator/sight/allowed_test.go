package sight

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/internal/orders/read"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/workflows"
)

func TestAChoreographedOrderCanBeNudgedUntilItIsDecided(t *testing.T) {
	t.Parallel()
	s := read.Snapshot{OrderView: workflows.OrderView{Status: workflows.StatusPending, Style: order.Choreographed}}
	require.Equal(t, contract.AllowNudge, allowed(s)[0].Action)
	s.Status = workflows.StatusCancelled
	require.Empty(t, allowed(s))
}

func TestAConfirmedOrderCanBePaidBackUpToTheRest(t *testing.T) {
	t.Parallel()
	s := read.Snapshot{OrderView: workflows.OrderView{Status: workflows.StatusConfirmed, Total: new(money.New(1000, "EUR")), Refunded: new(money.New(300, "EUR"))}}
	require.Equal(t, &contract.Money{Amount: 700, Currency: "EUR"}, allowed(s)[0].Most)
	s.Origin = order.Legacy
	require.Empty(t, allowed(s), "its money was taken elsewhere")
	s.Origin, s.Refunded = "", new(money.New(1000, "EUR"))
	require.Empty(t, allowed(s))
	s.Total = nil
	require.Empty(t, allowed(s))
}

func TestASagaThatMakesNoProgressCanBeRestarted(t *testing.T) {
	t.Parallel()
	of := func(style order.Style, status order.Status, flags ...string) read.Snapshot {
		s := read.Snapshot{OrderView: workflows.OrderView{Status: status, Style: style, NeedsAttention: len(flags) > 0}}
		for _, step := range flags {
			s.Attention = append(s.Attention, saga.Attention{Step: step})
		}
		return s
	}
	for name, c := range map[string]struct {
		order read.Snapshot
		want  []contract.AllowedActionAction
	}{
		"Stopped":             {of(order.Orchestrated, workflows.StatusPending, "saga"), []contract.AllowedActionAction{contract.AllowResume, contract.AllowRerun}},
		"Flagged":             {of(order.Orchestrated, workflows.StatusPending, "shipping.book"), []contract.AllowedActionAction{contract.AllowRetry, contract.AllowRerun}},
		"FlaggedAndDecided":   {of(order.Orchestrated, workflows.StatusCancelled, "shipping.book"), []contract.AllowedActionAction{contract.AllowAcknowledge, contract.AllowRerun}},
		"GoesWell":            {of(order.Orchestrated, workflows.StatusPending), []contract.AllowedActionAction{}},
		"WithoutAWorkflow":    {of(order.Choreographed, workflows.StatusPending, "shipping.book"), []contract.AllowedActionAction{contract.AllowRetry, contract.AllowNudge, contract.AllowResume}},
		"WithoutAndGoesWell":  {of(order.Choreographed, workflows.StatusPending), []contract.AllowedActionAction{contract.AllowNudge}},
		"WithoutAndIsDecided": {of(order.Choreographed, workflows.StatusCancelled, "shipping.book"), []contract.AllowedActionAction{contract.AllowAcknowledge}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := []contract.AllowedActionAction{}
			for _, a := range allowed(c.order) {
				got = append(got, a.Action)
				require.NotEmpty(t, a.Effect)
				require.True(t, *a.DryRun)
			}
			require.Equal(t, c.want, got)
		})
	}
}
