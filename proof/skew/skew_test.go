package skew_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/dev/temporal"
	"github.com/amends/amends/internal/engine"
	"github.com/amends/amends/internal/engine/clock"
	"github.com/amends/amends/internal/orders/attribute"
	"github.com/amends/amends/internal/orders/read"
	"github.com/amends/amends/internal/telemetry"
	"github.com/amends/amends/proof/enginetest"
	"github.com/amends/amends/proof/skew/shifted"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/workflows"
)

// start starts an engine with the search attributes of orders.
func start(t *testing.T) (address string) {
	t.Helper()
	var attributes []string
	for _, a := range attribute.All {
		attributes = append(attributes, a.String())
	}
	return enginetest.Start(t, temporal.Options{SearchAttributes: attributes}).Address
}

// through connects to the engine at an address so that its clock seems to be ahead.
func through(t *testing.T, address string, ahead time.Duration) *engine.Client {
	t.Helper()
	return dial(t, shifted.Engine(t, address, ahead))
}

// dial connects to an engine.
func dial(t *testing.T, address string) *engine.Client {
	t.Helper()
	c, err := engine.Dial(engine.Options{Address: address, Isolated: true})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

// patience bounds every wait on a machine that does other work too. It is much less than
// clocks are off by.
const patience = 5 * time.Minute

func TestOnOneEngine(t *testing.T) {
	t.Parallel()
	address := start(t)
	for name, test := range map[string]func(*testing.T, string){
		"NoOrderDependsOnTheClockOfAHost":  noOrderDependsOnAClock,
		"TheSkewIsMeasured":                theSkewIsMeasured,
		"AProcessTellsThatItsClockIsWrong": aProcessTells,
		"AResetKeepsTheDeadline":           aResetKeepsTheDeadline,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, address)
		})
	}
}

func noOrderDependsOnAClock(t *testing.T, address string) {
	t.Helper()
	c := dial(t, address)

	for name, clocks := range map[string]func(t *testing.T) clocks{
		"TheAPIIsAhead":  func(*testing.T) clocks { return clocks{api: c, workers: c, apiAhead: off} },
		"TheAPIIsBehind": func(*testing.T) clocks { return clocks{api: c, workers: c, apiAhead: -off} },
		"TheWorkersAreAhead": func(t *testing.T) clocks {
			return clocks{api: c, workers: through(t, address, -off)}
		},
		"TheWorkersAreBehind": func(t *testing.T) clocks {
			return clocks{api: c, workers: through(t, address, off)}
		},
		"TheEngineIsAhead": func(t *testing.T) clocks {
			engine := through(t, address, off)
			return clocks{api: engine, workers: engine}
		},
		"TheEngineIsBehind": func(t *testing.T) clocks {
			engine := through(t, address, -off)
			return clocks{api: engine, workers: engine}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			seen := clocks(t)

			t.Run("AnOrderIsConfirmedWithoutAStall", func(t *testing.T) {
				t.Parallel()
				p := newPlatform(t, seen)
				id := p.place(t, 10*time.Minute)
				p.requireConfirmed(t, id)
				requireOneClock(t, p, id, 10*time.Minute)
			})

			t.Run("ALocalStepThatFailsAtFirstIsRepeated", func(t *testing.T) {
				t.Parallel()
				p := newPlatform(t, seen, withFlakyOrders)
				p.requireConfirmed(t, p.place(t, 10*time.Minute))
			})

			t.Run("AFirstStepThatIsLocalNoMoreRecordsTheSameTimes", func(t *testing.T) {
				t.Parallel()
				p := newPlatform(t, seen, withLockedOrders)
				id := p.place(t, 10*time.Minute)
				p.requireConfirmed(t, id)
				requireOneClock(t, p, id, 10*time.Minute)
			})

			t.Run("AnOrderThatWaitsIsNeitherLateNorStuck", func(t *testing.T) {
				t.Parallel()
				p := newPlatform(t, seen, withoutShipping)
				p.place(t, 10*time.Minute)
				require.Empty(t, p.search(t))
			})

			t.Run("AnOrderThatCannotGoOnEndsAtItsDeadline", func(t *testing.T) {
				t.Parallel()
				p := newPlatform(t, seen, withoutShipping)
				id := p.place(t, 3*time.Second)
				// The undo waits for the worker that is away, but the decision is recorded before.
				require.Eventually(t, func() bool {
					record, err := p.Orders.Get(t.Context(), id)
					return err == nil && record.Decided == order.Deadline
				}, patience, 20*time.Millisecond)
				record, err := p.Orders.Get(t.Context(), id)
				require.NoError(t, err)
				require.False(t, record.DecidedAt.Before(record.Placement.DecideBy), "not before")
				require.WithinDuration(t, record.Placement.DecideBy, record.DecidedAt, off/2)
			})
		})
	}
}

// requireConfirmed waits for the order, for less time than a step stalls whose
// attempts have no time.
func (p *platform) requireConfirmed(t *testing.T, id string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), saga.DefaultTiming().ParkAfter)
	defer cancel()
	decided, ok := p.client(time.Minute).Await(ctx, read.Snapshot{OrderView: workflows.OrderView{ID: id}})
	require.True(t, ok, "it stalls")
	require.Equal(t, order.Confirmed, decided.Status, "%s", decided.Reason)
	require.NoError(t, p.Check(t.Context()))
}

// requireOneClock checks that the times of an order's record are by the engine's clock,
// as the workers see it.
func requireOneClock(t *testing.T, p *platform, id string, decideAfter time.Duration) {
	t.Helper()
	d, err := p.workers.DescribeWorkflowExecution(t.Context(), workflows.WorkflowID(id), "")
	require.NoError(t, err)
	record, err := p.Orders.Get(t.Context(), id)
	require.NoError(t, err)
	started := d.GetWorkflowExecutionInfo().GetStartTime().AsTime().Truncate(time.Microsecond)
	require.Equal(t, started, record.CreatedAt)
	require.Equal(t, started, record.Placement.PlacedAt)
	require.Equal(t, started.Add(decideAfter), record.Placement.DecideBy)
	require.WithinRange(t, record.UpdatedAt, started, d.GetWorkflowExecutionInfo().GetCloseTime().AsTime())
}

func theSkewIsMeasured(t *testing.T, address string) {
	t.Helper()
	for _, ahead := range []time.Duration{0, off, -off} {
		skew, err := clock.Measure(t.Context(), through(t, address, -ahead))
		require.NoError(t, err)
		require.InDelta(t, ahead.Seconds(), skew.Ahead.Seconds(), skew.Within.Seconds()+0.01)
		require.Less(t, skew.Within, 5*time.Second)
	}
}

func aProcessTells(t *testing.T, address string) {
	t.Helper()
	for name, tc := range map[string]struct {
		ahead time.Duration
		warns []string
	}{
		"Right":  {0, nil},
		"Ahead":  {off, []string{"this host's clock is 15m0s ahead of the engine's"}},
		"Behind": {-off, []string{"this host's clock is 15m0s behind the engine's"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			metrics, err := telemetry.NewMetrics(slog.New(slog.DiscardHandler))
			require.NoError(t, err)
			show, err := metrics.Clock()
			require.NoError(t, err)
			measured := make(chan time.Duration, 1)
			var log bytes.Buffer
			w := clock.NewWatch(through(t, address, -tc.ahead), func(ahead time.Duration) {
				show(ahead)
				select {
				case measured <- ahead:
				default: // it measures again while this test is slow
				}
			}, slog.New(slog.NewTextHandler(&log, nil)))
			ctx, stop := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			go func() { ended <- w.Run(ctx) }()
			require.InDelta(t, tc.ahead.Seconds(), (<-measured).Seconds(), 4)
			require.Eventually(t, func() bool { return slices.Equal(w.Warnings(), tc.warns) }, patience, 5*time.Millisecond)
			stop()
			require.NoError(t, <-ended)

			page := httptest.NewRecorder()
			metrics.Handler().ServeHTTP(page, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", http.NoBody))
			require.Contains(t, page.Body.String(), "\namends_clock_skew_seconds ")
			require.Equal(t, len(tc.warns), strings.Count(log.String(), "this host's clock differs"), log.String())
		})
	}

	t.Run("AnEngineThatDoesNotAnswerIsAnError", func(t *testing.T) {
		t.Parallel()
		_, err := clock.Measure(t.Context(), dial(t, "127.0.0.1:1"))
		require.Equal(t, fault.Unavailable, fault.CodeOf(err))
	})
}

func aResetKeepsTheDeadline(t *testing.T, address string) {
	t.Helper()
	c := dial(t, address)
	p := newPlatform(t, clocks{api: c, workers: c}, withoutShipping)
	id := p.place(t, 10*time.Minute)
	before := p.progress(t, id, "")
	require.False(t, before.DecideBy.IsZero())

	run, err := c.WorkflowService().ResetWorkflowExecution(t.Context(), &workflowservice.ResetWorkflowExecutionRequest{
		Namespace: c.Namespace, WorkflowExecution: &commonpb.WorkflowExecution{WorkflowId: workflows.WorkflowID(id)},
		WorkflowTaskFinishEventId: p.firstTask(t, id), RequestId: uuid.NewString(), Reason: "test",
	})
	require.NoError(t, err)
	require.Equal(t, before.DecideBy, p.progress(t, id, run.GetRunId()).DecideBy)
}

// progress returns the progress of an order's saga in a run.
func (p *platform) progress(t *testing.T, id, run string) (v saga.View) {
	t.Helper()
	require.Eventually(t, func() bool {
		answer, err := p.workers.QueryWorkflow(t.Context(), workflows.WorkflowID(id), run, saga.QuerySaga, id)
		return err == nil && answer.Get(&v) == nil
	}, patience, 20*time.Millisecond)
	return v
}

// firstTask returns the event that ended the first workflow task of an order.
func (p *platform) firstTask(t *testing.T, id string) int64 {
	t.Helper()
	history := p.workers.GetWorkflowHistory(t.Context(), workflows.WorkflowID(id), "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for history.HasNext() {
		event, err := history.Next()
		require.NoError(t, err)
		if event.GetEventType() == enumspb.EVENT_TYPE_WORKFLOW_TASK_COMPLETED {
			return event.GetEventId()
		}
	}
	require.Fail(t, "no task has ended")
	return 0
}
