package api

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/temporal"

	"github.com/amends/amends/saga"
	"github.com/amends/amends/workflows"
)

func TestPrefersToWait(t *testing.T) {
	t.Parallel()

	t.Run("AnswersWithTheDecidedOrder", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.temporal.place = firstWins(t)
		b.temporal.result = func(ctx context.Context, id string) (workflows.OrderView, error) {
			deadline, ok := ctx.Deadline()
			require.True(t, ok)
			require.WithinDuration(t, time.Now().Add(10*time.Second), deadline, 2*time.Second)
			return view(strings.TrimPrefix(id, "order-"), workflows.StatusConfirmed), nil
		}
		answer := b.post(t, goodBody, "Prefer: respond-async, wait=10")
		require.Equal(t, "CONFIRMED", answer.order(t, http.StatusOK).Status)
		require.Equal(t, "wait=10", answer.Header.Get("Preference-Applied"))
		require.NotEmpty(t, answer.Header.Get("Location"))
	})

	t.Run("AnswersWithWhatItHasWhenTheTimeIsOver", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.temporal.place = firstWins(t)
		b.temporal.result = func(ctx context.Context, _ string) (workflows.OrderView, error) {
			<-ctx.Done()
			return workflows.OrderView{}, ctx.Err()
		}
		b.temporal.query = func(_ context.Context, id string) (workflows.OrderView, error) {
			v := view(strings.TrimPrefix(id, "order-"), workflows.StatusPending)
			v.Steps = []saga.StepView{{Name: "payment.authorize", State: saga.Done}}
			return v, nil
		}
		b.temporal.describe = func(context.Context, string) (*workflowservice.DescribeWorkflowExecutionResponse, error) {
			return &workflowservice.DescribeWorkflowExecutionResponse{}, nil
		}
		answer := b.post(t, goodBody, "Prefer: wait=1")
		order := answer.order(t, http.StatusAccepted)
		require.Equal(t, "PENDING", order.Status)
		require.Len(t, order.Steps, 1, "how far it has come, not how it began")
		require.Empty(t, answer.Header.Values("Preference-Applied"))
	})

	t.Run("AnswersWithWhatItHasIfTheWorkflowIsTerminated", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.temporal.place = firstWins(t)
		b.temporal.result = func(context.Context, string) (workflows.OrderView, error) {
			return workflows.OrderView{}, temporal.NewApplicationError("terminated", "")
		}
		b.post(t, goodBody, "Prefer: wait=30").order(t, http.StatusAccepted)
	})

	t.Run("GoesOnWithTheRunThatAResetBegins", func(t *testing.T) {
		t.Parallel()
		for status, code := range map[enumspb.WorkflowExecutionStatus]int{
			enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING:    http.StatusOK,
			enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED:  http.StatusOK,
			enumspb.WORKFLOW_EXECUTION_STATUS_TERMINATED: http.StatusAccepted, // no other run began
		} {
			b := setup(t)
			b.temporal.place = firstWins(t)
			asked := 0
			b.temporal.result = func(_ context.Context, id string) (workflows.OrderView, error) {
				if asked++; asked == 1 {
					return workflows.OrderView{}, &temporal.TerminatedError{}
				}
				return view(strings.TrimPrefix(id, "order-"), workflows.StatusConfirmed), nil
			}
			b.temporal.describe = func(context.Context, string) (*workflowservice.DescribeWorkflowExecutionResponse, error) {
				return &workflowservice.DescribeWorkflowExecutionResponse{
					WorkflowExecutionInfo: &workflowpb.WorkflowExecutionInfo{Status: status},
				}, nil
			}
			b.post(t, goodBody, "Prefer: wait=30").order(t, code)
		}
	})

	t.Run("AppliesToEachCallOfOneKey", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.temporal.place = firstWins(t)
		b.temporal.query = knows(workflows.StatusCancelled)
		b.post(t, goodBody).order(t, http.StatusAccepted)
		answer := b.post(t, goodBody, "Prefer: wait=5")
		require.Equal(t, "CANCELLED", answer.order(t, http.StatusOK).Status)
		require.Equal(t, "true", answer.Header.Get("Idempotency-Replayed"))
		require.Equal(t, "wait=5", answer.Header.Get("Preference-Applied"))
		require.Zero(t, b.temporal.count("wait for the result"), "it was decided already")
	})

	t.Run("TakesThePreferenceFromSeveralHeaders", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.temporal.place = firstWins(t)
		b.temporal.result = func(_ context.Context, id string) (workflows.OrderView, error) {
			return view(strings.TrimPrefix(id, "order-"), workflows.StatusConfirmed), nil
		}
		b.post(t, goodBody, "Prefer: return=representation", "Prefer: wait=3").order(t, http.StatusOK)
	})

	t.Run("IsIgnoredIfItMakesNoSense", func(t *testing.T) {
		t.Parallel()
		for _, prefer := range []string{"wait=0", "wait=-1", "wait=abc", "wait=9999", "wait", "wait=1.5", "wait=31", ""} {
			b := setup(t)
			b.temporal.place = firstWins(t)
			answer := b.post(t, goodBody, "Prefer: "+prefer)
			answer.order(t, http.StatusAccepted)
			require.Empty(t, answer.Header.Values("Preference-Applied"))
		}
	})

	t.Run("EndsWhenTheServerIsToStop", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.temporal.place = firstWins(t)
		waiting := make(chan struct{})
		b.temporal.result = func(ctx context.Context, _ string) (workflows.OrderView, error) {
			close(waiting)
			<-ctx.Done()
			return workflows.OrderView{}, ctx.Err()
		}
		stopped := make(chan error, 1)
		go func() {
			<-waiting
			ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
			defer cancel()
			stopped <- b.http.Config.Shutdown(ctx)
		}()
		b.post(t, goodBody, "Prefer: wait=30").order(t, http.StatusAccepted)
		require.NoError(t, <-stopped, "nobody waits for a decision that long")
	})
}

// Without the run, the client asks the engine for the newest one before it waits.
func TestAwaitsTheRunThatItHasStarted(t *testing.T) {
	t.Parallel()
	start := func(t *testing.T, result func(b *testBundle) error) *testBundle {
		t.Helper()
		r := newRecords(0)
		b := setupRecorded(t, r)
		b.temporal.start, b.temporal.query = r.start, knows(workflows.StatusPending)
		b.temporal.describe = described(t, enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING, nil)
		b.temporal.result = func(_ context.Context, id string) (workflows.OrderView, error) {
			return view(strings.TrimPrefix(id, "order-"), workflows.StatusConfirmed), result(b)
		}
		b.post(t, goodBody, "Prefer: wait=10").order(t, http.StatusOK)
		return b
	}

	t.Run("AndTheNewestForARepeat", func(t *testing.T) {
		t.Parallel()
		b := start(t, func(*testBundle) error { return nil })
		b.post(t, goodBody, "Prefer: wait=10").order(t, http.StatusOK)
		require.Equal(t, []string{firstRun, ""}, b.temporal.awaited)
	})

	t.Run("AndTheNewestAfterAReset", func(t *testing.T) {
		t.Parallel()
		b := start(t, func(b *testBundle) error {
			if len(b.temporal.awaited) == 1 {
				return &temporal.TerminatedError{}
			}
			return nil
		})
		require.Equal(t, []string{firstRun, ""}, b.temporal.awaited)
	})
}
