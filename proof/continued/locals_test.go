package continued_test

import (
	"fmt"
	"strconv"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/amends/amends/internal/replay"
	"github.com/amends/amends/workflows"
)

// marker is the SDK's record of a local step.
type marker struct {
	ActivityID   string // counts the calls
	ActivityType string
	Backoff      time.Duration
}

// localInputs replays a history to learn the arguments of its local steps and first
// tries, and returns them by the events of their markers.
func localInputs(h replay.History) (map[int64]*commonpb.Payloads, error) {
	calls := &localCalls{}
	r, err := worker.NewWorkflowReplayerWithOptions(worker.WorkflowReplayerOptions{
		DisableRegistrationAliasing: true, Interceptors: []interceptor.WorkerInterceptor{calls},
	})
	if err != nil {
		return nil, err
	}
	workflows.Register(r, workflows.Options{})
	if err := r.ReplayWorkflowHistory(quiet, h.Events); err != nil {
		return nil, fmt.Errorf("it does not even replay: %w", err)
	}
	inputs := map[int64]*commonpb.Payloads{}
	for _, event := range h.Events.GetEvents() {
		a := event.GetMarkerRecordedEventAttributes()
		if a.GetMarkerName() != "LocalActivity" {
			continue
		}
		var m marker
		if err := converter.GetDefaultDataConverter().FromPayloads(a.GetDetails()["data"], &m); err != nil {
			return nil, fmt.Errorf("decode the marker of event %d: %w", event.GetEventId(), err)
		}
		n, err := strconv.Atoi(m.ActivityID)
		switch {
		case err != nil || n < 1 || n > len(calls.all) || calls.all[n-1].name != m.ActivityType:
			return nil, fmt.Errorf("event %d is of call %s, of %s, which the code does not make", event.GetEventId(), m.ActivityID, m.ActivityType)
		case m.Backoff > 0:
			return nil, fmt.Errorf("event %d: a local step was put off, which no saga's timing allows", event.GetEventId())
		default:
			inputs[event.GetEventId()] = calls.all[n-1].input
		}
	}
	return inputs, calls.err
}

// localCalls records the arguments of local steps, in the order of the calls.
type localCalls struct {
	interceptor.WorkerInterceptorBase

	all []localCall
	err error
}

type localCall struct {
	name  string
	input *commonpb.Payloads
}

func (c *localCalls) InterceptWorkflow(_ workflow.Context, next interceptor.WorkflowInboundInterceptor) interceptor.WorkflowInboundInterceptor {
	in := &localCallsInbound{calls: c}
	in.Next = next
	return in
}

type localCallsInbound struct {
	interceptor.WorkflowInboundInterceptorBase

	calls *localCalls
}

func (in *localCallsInbound) Init(next interceptor.WorkflowOutboundInterceptor) error {
	out := &localCallsOutbound{calls: in.calls}
	out.Next = next
	return in.Next.Init(out)
}

type localCallsOutbound struct {
	interceptor.WorkflowOutboundInterceptorBase

	calls *localCalls
}

func (out *localCallsOutbound) ExecuteLocalActivity(ctx workflow.Context, name string, args ...any) workflow.Future {
	input, err := converter.GetDefaultDataConverter().ToPayloads(args...)
	if err != nil {
		out.calls.err = err
	}
	out.calls.all = append(out.calls.all, localCall{name, input})
	return out.Next.ExecuteLocalActivity(ctx, name, args...)
}
