package continued_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	failurepb "go.temporal.io/api/failure/v1"
	historypb "go.temporal.io/api/history/v1"
	updatepb "go.temporal.io/api/update/v1"
	"google.golang.org/protobuf/proto"

	"github.com/amends/amends/internal/replay"
	"github.com/amends/amends/workflows"
)

// golden is a history of an order that ended, as it was recorded.
type golden struct {
	name   string
	events []*historypb.HistoryEvent
	input  workflows.Input
	// place is the update that placed the order, in this run or in an earlier one.
	place *updatepb.Request
	// locals are the arguments of local steps and of the first tries of express ones, by
	// the events of their markers. A history has only their results.
	locals map[int64]*commonpb.Payloads
	// destiny is how the order ends without interference.
	destiny ending
}

const folder = "../../workflows/testdata/histories"

func loadGolden(file string) (*golden, error) {
	h, err := replay.File(file)
	if err != nil {
		return nil, err
	}
	g := &golden{name: strings.TrimSuffix(filepath.Base(file), ".json"), events: h.Events.GetEvents()}
	args := g.events[0].GetWorkflowExecutionStartedEventAttributes().GetInput()
	if err := decode(args, &g.input); err != nil {
		return nil, fmt.Errorf("decode the input: %w", err)
	}
	placement := g.input.Placement
	if g.place, err = update(workflows.PlaceUpdateID, workflows.UpdatePlace, workflows.PlaceRequest{
		Fingerprint: placement.Fingerprint, Nonce: placement.Nonce,
	}); err != nil {
		return nil, err
	}
	g.locals, err = localInputs(h)
	return g, err
}

// update returns a request as the engine delivers it.
func update(id, name string, arg any) (*updatepb.Request, error) {
	args, err := encode(arg)
	return &updatepb.Request{
		Meta: &updatepb.Meta{UpdateId: id}, Input: &updatepb.Input{Header: &commonpb.Header{}, Name: name, Args: args},
	}, err
}

// tasksIn counts the workflow tasks in a file by its text, so that no reader of
// histories can hide one.
func tasksIn(file string) (int, error) {
	text, err := os.ReadFile(file)
	return len(regexp.MustCompile(`"(EVENT_TYPE_WORKFLOW_TASK_COMPLETED|WorkflowTaskCompleted)"`).FindAll(text, -1)), err
}

// cut is a golden history up to a workflow task, at which the code changes.
type cut struct {
	*golden

	task  int // number of completed ones
	after bool
	// events are those of the old code. Before the task: up to its start, with
	// everything that it had to handle. After the task: up to its last command,
	// before any result of it.
	events []*historypb.HistoryEvent
	at     time.Time
}

func (c cut) String() string {
	where := "before"
	if c.after {
		where = "after"
	}
	return fmt.Sprintf("cut %s workflow task %d (event %d)", where, c.task, len(c.events))
}

// cuts returns every cut of the history. The last task closes the workflow:
// nothing comes after it.
func (g *golden) cuts() []cut {
	var all []cut
	for i, event := range g.events {
		if event.GetEventType() != enumspb.EVENT_TYPE_WORKFLOW_TASK_COMPLETED {
			continue
		}
		task := len(all)/2 + 1
		started := event.GetWorkflowTaskCompletedEventAttributes().GetStartedEventId()
		all = append(all, cut{golden: g, task: task, events: g.events[:started-1], at: g.events[started-1].GetEventTime().AsTime()})
		end := i
		for j, later := range g.events[i+1:] {
			if later.GetEventType() == enumspb.EVENT_TYPE_WORKFLOW_TASK_STARTED {
				break
			}
			if isCommand(later) {
				end = i + 1 + j
			}
		}
		last := g.events[end]
		if last.GetEventType() != enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED {
			all = append(all, cut{golden: g, task: task, after: true, events: g.events[:end+1], at: last.GetEventTime().AsTime()})
		}
	}
	return all
}

// isCommand reports whether the event comes from a command of the workflow.
func isCommand(event *historypb.HistoryEvent) bool {
	return slices.Contains([]enumspb.EventType{
		enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED,
		enumspb.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED,
		enumspb.EVENT_TYPE_ACTIVITY_TASK_CANCEL_REQUESTED,
		enumspb.EVENT_TYPE_TIMER_STARTED,
		enumspb.EVENT_TYPE_TIMER_CANCELED,
		enumspb.EVENT_TYPE_MARKER_RECORDED,
		enumspb.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES,
		enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED,
		enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_COMPLETED,
	}, event.GetEventType())
}

// isReset reports whether an earlier run ended here as far as the engine is
// concerned: its workflow was reset to this event.
func isReset(event *historypb.HistoryEvent) bool {
	return event.GetWorkflowTaskFailedEventAttributes().GetCause() == enumspb.WORKFLOW_TASK_FAILED_CAUSE_RESET_WORKFLOW
}

// isLost reports whether a worker began a workflow task here and never ended it: it has
// made any part of the first tries of express steps.
func isLost(event *historypb.HistoryEvent) bool {
	return event.GetWorkflowTaskTimedOutEventAttributes().GetTimeoutType() == enumspb.TIMEOUT_TYPE_START_TO_CLOSE
}

// local returns the name and the failure of a call that the workflow's worker made; an
// empty name: the event is of something else.
func local(event *historypb.HistoryEvent) (name string, failure *failurepb.Failure, err error) {
	a := event.GetMarkerRecordedEventAttributes()
	if a.GetMarkerName() != "LocalActivity" {
		return "", nil, nil
	}
	var m marker
	err = decode(a.GetDetails()["data"], &m)
	return m.ActivityType, a.GetFailure(), err
}

// resumes reports whether the workflow resumes an order whose own workflow is
// gone.
func (c cut) resumes() bool {
	return c.input.Undo && c.events[0].GetWorkflowExecutionStartedEventAttributes() == c.golden.events[0].GetWorkflowExecutionStartedEventAttributes()
}

// gone returns the order's earlier workflow, which was terminated: it has only
// begun.
func (c cut) gone() (cut, error) {
	event := proto.CloneOf(c.events[0])
	in := c.input
	in.Undo = false
	args, err := encode(in)
	event.GetWorkflowExecutionStartedEventAttributes().Input = args
	return cut{golden: c.golden, events: []*historypb.HistoryEvent{event}, at: c.input.Placement.PlacedAt}, err
}

// resume returns the run as the new code finds it, with the placement on its way
// if it has not arrived.
func (c cut) resume(l *lane, runID string) *engine {
	e := resume(l, workflows.WorkflowID(c.input.OrderID), runID, c.events)
	e.until(c.at)
	if !c.resumes() && !slices.ContainsFunc(c.events, func(event *historypb.HistoryEvent) bool {
		return event.GetWorkflowExecutionUpdateAcceptedEventAttributes().GetProtocolInstanceId() == workflows.PlaceUpdateID ||
			event.GetWorkflowExecutionUpdateAdmittedEventAttributes().GetRequest().GetMeta().GetUpdateId() == workflows.PlaceUpdateID
	}) {
		e.ask(c.place)
	}
	return e
}
