// Package replay runs recorded workflow histories against the workflow code of
// this build. A change that would break running sagas fails here before it is
// deployed. Many histories replay at a time, and are reported in order.
//
// Histories come from a live server, or from files exported by `temporal workflow
// show -o json` or `tctl workflow show --output_filename`, whose JSON names enums in
// two styles. An export that is not whole is told from code that does not fit, see
// [BadExport]. See docs/inspecting.md.
package replay

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"

	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	sdklog "go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/amends/amends/workflows"
	"github.com/amends/amends/workflows/doctor"
)

// History is one run of one workflow.
type History struct {
	// Name is the source: a path, or a workflow id, followed by a slash and the run's
	// id if one was given.
	Name   string
	Events *historypb.History
	// Payloads reads the recorded values. Nil is the SDK's converter, for plain ones.
	Payloads converter.DataConverter
}

// Replay runs h against the workflows of this build. It returns nil if the code
// issues exactly the recorded commands; an open run is replayed to its last event. Of a
// history that is not whole it returns a [BadExport].
func Replay(h History) error {
	events := h.Events.GetEvents()
	if len(events) == 0 {
		return BadExport{errors.New("there are no events")}
	}
	started := events[0].GetWorkflowExecutionStartedEventAttributes()
	if started == nil {
		return BadExport{errors.New("its first event is not the start of a workflow: " + instead)}
	}
	if err := whole(events); err != nil {
		return err
	}
	var known types
	register(&known)
	if name := started.GetWorkflowType().GetName(); !slices.Contains(known, name) {
		return fmt.Errorf("it is of workflow type %q, but this build has %q", name, known)
	}
	if !slices.ContainsFunc(events, ran) {
		return nil // no worker has run it yet, so any code fits
	}

	options := worker.WorkflowReplayerOptions{DisableRegistrationAliasing: true}
	if h.Payloads != nil {
		options.DataConverter = h.Payloads
		options.FailureConverter = temporal.NewDefaultFailureConverter(temporal.DefaultFailureConverterOptions{DataConverter: h.Payloads})
	}
	r, err := worker.NewWorkflowReplayerWithOptions(options)
	if err != nil {
		return fmt.Errorf("make a replayer: %w", err)
	}
	register(r)
	quiet := sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler))
	if err := r.ReplayWorkflowHistory(quiet, h.Events); err != nil {
		return fmt.Errorf("it does not replay: %w", err)
	}
	return nil
}

// register registers every workflow of this build.
func register(r workflows.Registry) {
	workflows.Register(r, workflows.Options{})
	doctor.Register(r, nil)
}

// types collects the names of the registered workflows.
type types []string

// RegisterWorkflowWithOptions implements [workflows.Registry].
func (t *types) RegisterWorkflowWithOptions(_ any, o workflow.RegisterOptions) {
	*t = append(*t, o.Name)
}

func ran(e *historypb.HistoryEvent) bool {
	return e.GetEventType() == enumspb.EVENT_TYPE_WORKFLOW_TASK_COMPLETED
}

// FromServer reads the history of a run; an empty runID means the newest run.
func FromServer(ctx context.Context, c client.Client, workflowID, runID string) (History, error) {
	h := History{Name: workflowID, Events: &historypb.History{}}
	if runID != "" {
		h.Name += "/" + runID
	}
	events := c.GetWorkflowHistory(ctx, workflowID, runID, false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		e, err := events.Next()
		if err != nil {
			return History{}, fmt.Errorf("read the history of %s: %w", workflowID, err)
		}
		h.Events.Events = append(h.Events.Events, e)
	}
	return h, nil
}
