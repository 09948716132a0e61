package saga_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga"
)

// engine is a Temporal that has one workflow, or none.
type engine struct {
	view   saga.View
	status enums.WorkflowExecutionStatus // unspecified: there is none
	err    error
	asked  client.UpdateWorkflowOptions
}

func (e *engine) GetWorkflow(context.Context, string, string) client.WorkflowRun {
	return ended{nil, e}
}

type ended struct {
	client.WorkflowRun
	*engine
}

func (r ended) Get(_ context.Context, to any) error {
	*to.(*saga.View) = r.view //nolint:forcetypeassert,errcheck // of this test
	return r.err
}

func (e *engine) QueryWorkflow(_ context.Context, _, _, query string, args ...any) (converter.EncodedValue, error) {
	if e.err != nil {
		return nil, e.err
	}
	if query != saga.QuerySaga || len(args) != 1 || args[0] != "" {
		return nil, errors.New("another question")
	}
	p, err := converter.GetDefaultDataConverter().ToPayloads(e.view)
	return client.NewValue(p), err
}

func (e *engine) UpdateWorkflow(_ context.Context, o client.UpdateWorkflowOptions) (client.WorkflowUpdateHandle, error) {
	e.asked = o
	return handle{nil, e}, nil
}

type handle struct {
	client.WorkflowUpdateHandle
	*engine
}

func (h handle) Get(_ context.Context, to any) error {
	if r, ok := to.(*saga.CancelResult); ok {
		r.Phase = h.view.Phase
	}
	return h.err
}

func (e *engine) DescribeWorkflowExecution(context.Context, string, string) (*workflowservice.DescribeWorkflowExecutionResponse, error) {
	if e.status == enums.WORKFLOW_EXECUTION_STATUS_UNSPECIFIED {
		return nil, serviceerror.NewNotFound("no such workflow")
	}
	info := &workflowpb.WorkflowExecutionInfo{Status: e.status}
	return &workflowservice.DescribeWorkflowExecutionResponse{WorkflowExecutionInfo: info}, nil
}

func TestACallerOfASaga(t *testing.T) {
	t.Parallel()

	t.Run("SeesAndAwaitsIt", func(t *testing.T) {
		t.Parallel()
		e := &engine{view: saga.View{ID: "t1", Phase: saga.Committed}}
		for _, ask := range []func(context.Context, saga.Engine, string) (saga.View, error){saga.Show, saga.Wait} {
			v, err := ask(t.Context(), e, "t1")
			require.NoError(t, err)
			require.Equal(t, saga.Committed, v.Phase)
		}
	})

	t.Run("CancelsAndRepairsIt", func(t *testing.T) {
		t.Parallel()
		e := &engine{view: saga.View{Phase: saga.Compensating}}
		r, err := saga.Cancel(t.Context(), e, "t1", "BAD_WEATHER")
		require.NoError(t, err)
		require.Equal(t, saga.Compensating, r.Phase)
		require.Equal(t, saga.UpdateCancel, e.asked.UpdateName)
		require.Equal(t, client.WorkflowUpdateStageCompleted, e.asked.WaitForStage)
		require.Equal(t, []any{saga.CancelRequest{Reason: "BAD_WEATHER"}}, e.asked.Args)

		q := saga.RepairRequest{Step: "pay", Action: saga.Retry, Reason: "it is back", Operator: "ada"}
		_, err = saga.RepairStep(t.Context(), e, "t1", q)
		require.NoError(t, err)
		require.Equal(t, []any{q}, e.asked.Args)
	})

	t.Run("LearnsWhyItIsRefused", func(t *testing.T) {
		t.Parallel()
		gone := serviceerror.NewNotFound("workflow not found or completed")
		for code, e := range map[fault.Code]*engine{
			saga.PastPivot:      {err: temporal.NewNonRetryableApplicationError("too late", string(saga.PastPivot), nil)},
			fault.NotFound:      {err: gone},
			saga.AlreadyDecided: {err: gone, status: enums.WORKFLOW_EXECUTION_STATUS_COMPLETED},
			saga.Stopped:        {err: gone, status: enums.WORKFLOW_EXECUTION_STATUS_TERMINATED},
		} {
			_, err := saga.Cancel(t.Context(), e, "t1", "")
			require.Equal(t, code, fault.CodeOf(err))
			require.Equal(t, fault.Business, fault.KindOf(err))
		}
		for kind, failure := range map[fault.Kind]error{
			fault.Bug:       temporal.NewApplicationError("nil map", "runtime error"),
			fault.Transient: temporal.NewApplicationError("away", string(fault.Unavailable), map[string]any{"kind": fault.Transient}),
		} {
			wire := temporal.GetDefaultFailureConverter() // as it comes from the engine
			_, err := saga.Cancel(t.Context(), &engine{err: wire.FailureToError(wire.ErrorToFailure(failure))}, "t1", "")
			require.Equal(t, kind, fault.KindOf(err))
		}
		_, err := saga.Cancel(t.Context(), &engine{err: gone, status: enums.WORKFLOW_EXECUTION_STATUS_PAUSED}, "t1", "")
		require.NotEqual(t, fault.Business, fault.KindOf(err), "a paused one goes on")
		_, err = saga.Show(t.Context(), &engine{err: serviceerror.NewQueryFailed("unknown queryType saga")}, "t1")
		require.Equal(t, saga.UnknownSaga, fault.CodeOf(err))
		_, err = saga.Show(t.Context(), &engine{err: gone}, "t1")
		require.Equal(t, fault.NotFound, fault.CodeOf(err))
		_, err = saga.Show(t.Context(), &engine{err: context.DeadlineExceeded}, "t1")
		require.Equal(t, fault.Unknown, fault.KindOf(err))
	})
}

// The handlers take the empty id for the only saga of a workflow.
func TestTheEmptyIdIsTheOnlySaga(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var refused error
	b.hooks["guide"] = func() {
		b.now(func() {
			b.env.UpdateWorkflow(saga.UpdateCancel, "", &testsuite.TestUpdateCallback{
				OnAccept: func() {}, OnReject: func(err error) { refused = err }, OnComplete: func(any, error) {},
			}, saga.CancelRequest{})
		})
	}
	require.Equal(t, saga.Aborted, b.run(t).Phase)
	require.NoError(t, refused)

	value, err := b.env.QueryWorkflow(saga.QuerySaga, "")
	require.NoError(t, err)
	var v saga.View
	require.NoError(t, value.Get(&v))
	require.Equal(t, b.options.ID, v.ID)
}
