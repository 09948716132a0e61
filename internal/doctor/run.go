package doctor

import (
	"context"
	"fmt"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"github.com/amends/amends/workflows"
)

// Run has the doctor look now and returns its report. A run that somebody else
// has asked for is waited for instead, whatever its input is.
func Run(ctx context.Context, c client.Client, queue string, in workflows.ReconcileInput) (r workflows.Report, err error) {
	run, err := c.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID:                       workflows.DoctorWorkflowID,
		TaskQueue:                queue,
		WorkflowIDReusePolicy:    enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		StaticSummary:            "compare what everybody has",
	}, workflows.Reconcile, in)
	if err != nil {
		return r, fmt.Errorf("start the doctor: %w", err)
	}
	if err := run.Get(ctx, &r); err != nil {
		return r, fmt.Errorf("the doctor: %w", err)
	}
	return r, nil
}
