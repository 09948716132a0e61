package api

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/saga"
)

// One who repairs a step that there is not is told which there are.
func TestARepairOfAnUnknownStepNamesTheSteps(t *testing.T) {
	t.Parallel()
	b := bothOperators(t)
	b.temporal.repair = refusedWith(saga.UnknownStep)
	p := b.repair(t, goodSkip).refused(t, http.StatusUnprocessableEntity, saga.UnknownStep)
	require.Equal(t, "refused", *p.Detail, "the words of the saga, which knows its plan")

	b, _, _ = stuckRecord(t)
	p = b.repair(t, `{"step": "payment.steal", "action": "skip", "reason": "why", "reference": "case"}`).refused(t, http.StatusUnprocessableEntity, saga.UnknownStep)
	require.Contains(t, *p.Detail, "Its steps are order.create, ")
	require.Contains(t, *p.Detail, ", payment.authorize, ")
}
