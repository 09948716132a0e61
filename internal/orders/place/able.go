package place

import (
	"context"
	"errors"
	"fmt"

	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/api/serviceerror"
	updatepb "go.temporal.io/api/update/v1"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/amends/amends/internal/orders/call"
	"github.com/amends/amends/workflows"
)

// Able returns nil if the engine serves placements in a namespace, otherwise a fault
// with code UNAVAILABLE: Update-With-Start may be unknown there, switched off or
// denied to this process. It asks with a request that no engine can execute, whose
// start names no workflow, and expects to be told just that.
func (p *Placer) Able(ctx context.Context, namespace string) error {
	start := &workflowservice.StartWorkflowExecutionRequest{Namespace: namespace}
	update := &workflowservice.UpdateWorkflowExecutionRequest{
		Namespace:         namespace,
		WorkflowExecution: &commonpb.WorkflowExecution{WorkflowId: workflows.WorkflowID("")},
		Request: &updatepb.Request{
			Meta: &updatepb.Meta{UpdateId: workflows.PlaceUpdateID}, Input: &updatepb.Input{Name: workflows.UpdatePlace},
		},
	}
	_, err := p.engine.WorkflowService().ExecuteMultiOperation(ctx, &workflowservice.ExecuteMultiOperationRequest{
		Namespace: namespace,
		Operations: []*workflowservice.ExecuteMultiOperationRequest_Operation{
			{Operation: &workflowservice.ExecuteMultiOperationRequest_Operation_StartWorkflow{StartWorkflow: start}},
			{Operation: &workflowservice.ExecuteMultiOperationRequest_Operation_UpdateWorkflow{UpdateWorkflow: update}},
		},
	})
	if each, ok := errors.AsType[*serviceerror.MultiOperationExecution](err); ok {
		err = errors.Join(each.OperationErrors()...)
	}
	err = fmt.Errorf("ask for Update-With-Start in namespace %s: %w", namespace, err)
	var invalid *serviceerror.InvalidArgument
	switch {
	case denied(err):
		return call.Unavailable("The engine refuses Update-With-Start, which places orders: it is switched off there, or denied to the API.", err)
	case errors.As(err, &invalid):
		return nil
	default:
		return call.Unavailable("The engine does not answer.", err)
	}
}

// denied reports whether the engine lacks an operation, or keeps it from this process.
func denied(err error) bool {
	var permission *serviceerror.PermissionDenied
	var unimplemented *serviceerror.Unimplemented
	return errors.As(err, &permission) || errors.As(err, &unimplemented) || status.Code(err) == codes.Unauthenticated
}
