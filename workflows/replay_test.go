package workflows_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/converter"

	"github.com/amends/amends/internal/replay"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/workflows"
	"github.com/amends/amends/workflows/repay"
)

// golden holds a history of every shape that an order, or a refund, can have; see its
// README.
const golden = "testdata/histories"

func goldenFiles(t *testing.T) []string {
	t.Helper()
	files, err := replay.Files(golden)
	require.NoError(t, err)
	require.NotEmpty(t, files)
	return files
}

func load(t *testing.T, file string) replay.History {
	t.Helper()
	h, err := replay.File(file)
	require.NoError(t, err)
	return h
}

func TestEveryGoldenHistoryReplays(t *testing.T) {
	t.Parallel()

	for _, file := range goldenFiles(t) {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			require.NoError(t, replay.Replay(load(t, file)), "orders that were placed before this change would be blocked")
		})
	}
}

// A cancel for a reason of the caller's own was a bug to v0.1.0, and is a request now. The
// record of an order that was decided before has INTERNAL, which stays its reason and
// flags it, as then.
func TestAHistoryFromBeforeEveryCancelWasARequestReplays(t *testing.T) {
	t.Parallel()
	h, err := replay.File("testdata/cancelled-for-a-foreign-reason-v0.1.0.json")
	require.NoError(t, err)
	require.NoError(t, replay.Replay(h))
}

// The histories of a release stand for orders that exist: they are never recorded
// again, changed or removed. `make freeze` writes a release's list.
func TestNoFrozenHistoryHasChanged(t *testing.T) {
	t.Parallel()

	lists, err := filepath.Glob(filepath.Join(golden, "*.sha256"))
	require.NoError(t, err)
	require.NotEmpty(t, lists)
	for _, list := range lists {
		text, err := os.ReadFile(list)
		require.NoError(t, err)
		for line := range strings.Lines(string(text)) {
			sum, name, ok := strings.Cut(strings.TrimSpace(line), "  ")
			require.True(t, ok, "%s: %q", list, line)
			history, err := os.ReadFile(filepath.Join(golden, name))
			require.NoError(t, err, "%s has it", list)
			require.Equal(t, sum, fmt.Sprintf("%x", sha256.Sum256(history)), "%s has another %s", list, name)
		}
	}
}

func TestGoldenHistoriesCoverEveryEnd(t *testing.T) {
	t.Parallel()

	ends := map[order.Status]map[order.Reason]bool{order.Confirmed: {}, order.Cancelled: {}}
	seen := map[enumspb.EventType]bool{}
	refunds := map[order.RefundStatus]bool{}
	for _, file := range goldenFiles(t) {
		events := load(t, file).Events.GetEvents()
		for _, e := range events {
			seen[e.GetEventType()] = true
		}
		if events[0].GetWorkflowExecutionStartedEventAttributes().GetWorkflowType().GetName() == repay.RefundOrder {
			var v repay.View
			require.NoError(t, converter.GetDefaultDataConverter().FromPayloads(events[len(events)-1].GetWorkflowExecutionCompletedEventAttributes().GetResult(), &v), file)
			refunds[v.Status] = true
			continue
		}
		result := events[len(events)-1].GetWorkflowExecutionCompletedEventAttributes().GetResult()
		var v workflows.OrderView
		require.NoError(t, converter.GetDefaultDataConverter().FromPayloads(result, &v), file)
		require.Contains(t, ends, v.Status, file)
		ends[v.Status][v.Reason] = true
	}
	require.Equal(t, map[order.RefundStatus]bool{order.RefundDone: true, order.RefundRefused: true}, refunds)
	require.Equal(t, map[order.Reason]bool{"": true}, ends[order.Confirmed])
	require.Equal(t, map[order.Reason]bool{
		order.UnknownSKU: true, order.CurrencyMismatch: true, order.OutOfStock: true, order.PaymentDeclined: true,
		order.Undeliverable: true, order.CustomerRequest: true, order.Deadline: true, order.Internal: true,
	}, ends[order.Cancelled])
	for _, e := range []enumspb.EventType{
		enumspb.EVENT_TYPE_TIMER_FIRED,                         // decide-by
		enumspb.EVENT_TYPE_TIMER_CANCELED,                      // it was disarmed
		enumspb.EVENT_TYPE_ACTIVITY_TASK_FAILED,                // a step was refused
		enumspb.EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT,             // one was parked
		enumspb.EVENT_TYPE_ACTIVITY_TASK_CANCELED,              // one was stopped
		enumspb.EVENT_TYPE_WORKFLOW_TASK_FAILED,                // a reset
		enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ADMITTED,  // an update that a reset kept
		enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED, // by the engine
		enumspb.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES,   // status and attention
		enumspb.EVENT_TYPE_MARKER_RECORDED,                     // a local step
		enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_COMPLETED, // a placement, a cancel
	} {
		require.True(t, seen[e], "no golden history has a %s", e)
	}
}

// Histories are public: no host, no person.
func TestGoldenHistoriesNameNobody(t *testing.T) {
	t.Parallel()

	recorder := regexp.MustCompile(`[0-9]+@|/home/|/root/|/Users/`)
	for _, file := range goldenFiles(t) {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		require.Empty(t, recorder.FindString(string(text)), file)
	}
}

// The history of an incompatible version of the workflow must not replay.
func TestAnAlteredHistoryDoesNotReplay(t *testing.T) {
	t.Parallel()

	scheduled := func(h *historypb.History, name string) *historypb.ActivityTaskScheduledEventAttributes {
		for _, e := range h.GetEvents() {
			if a := e.GetActivityTaskScheduledEventAttributes(); a.GetActivityType().GetName() == name {
				return a
			}
		}
		require.FailNow(t, "no such activity", name)
		return nil
	}
	for name, tc := range map[string]struct {
		file  string
		alter func(h *historypb.History)
	}{
		"AStepIsRenamed": {"confirmed", func(h *historypb.History) {
			scheduled(h, "payment.capture").ActivityType.Name = "payment.charge"
		}},
		"TwoStepsChangePlaces": {"confirmed", func(h *historypb.History) {
			a, b := scheduled(h, "inventory.reserve"), scheduled(h, "payment.authorize")
			a.ActivityType, b.ActivityType = b.ActivityType, a.ActivityType
		}},
		"AnUndoIsAnotherOne": {"cancelled-declined-at-capture", func(h *historypb.History) {
			scheduled(h, "payment.authorize.undo").ActivityType.Name = "payment.refund"
		}},
		"ALocalStepIsRenamed": {"confirmed", func(h *historypb.History) {
			for _, p := range first(h, enumspb.EVENT_TYPE_MARKER_RECORDED).GetMarkerRecordedEventAttributes().GetDetails()["data"].GetPayloads() {
				p.Data = bytes.ReplaceAll(p.GetData(), []byte("order.create"), []byte("order.insert"))
			}
		}},
		"TheTimerIsAStep": {"cancelled-deadline", func(h *historypb.History) {
			makeAStep(first(h, enumspb.EVENT_TYPE_TIMER_STARTED))
		}},
		"TheFlagIsAStep": {"confirmed-commit-parked", func(h *historypb.History) {
			makeAStep(first(h, enumspb.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES))
		}},
		"ItIsOfAnotherWorkflow": {"confirmed", func(h *historypb.History) {
			h.GetEvents()[0].GetWorkflowExecutionStartedEventAttributes().WorkflowType.Name = "Foreign"
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := load(t, golden+"/"+tc.file+".json") // which replays as it is, see above
			tc.alter(h.Events)
			require.Error(t, replay.Replay(h))
		})
	}
}

// first returns the first event of a type.
func first(h *historypb.History, kind enumspb.EventType) *historypb.HistoryEvent {
	i := slices.IndexFunc(h.GetEvents(), func(e *historypb.HistoryEvent) bool { return e.GetEventType() == kind })
	return h.GetEvents()[i]
}

// makeAStep turns an event into that of a step that the plan does not have. The
// events around it stay as they are: the replayer counts them.
func makeAStep(e *historypb.HistoryEvent) {
	e.EventType = enumspb.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED
	e.Attributes = &historypb.HistoryEvent_ActivityTaskScheduledEventAttributes{
		ActivityTaskScheduledEventAttributes: &historypb.ActivityTaskScheduledEventAttributes{
			ActivityId: strconv.FormatInt(e.GetEventId(), 10), ActivityType: &commonpb.ActivityType{Name: "payment.fee"},
		},
	}
}
