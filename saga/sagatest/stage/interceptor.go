package stage

import (
	"cmp"
	"encoding/json"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/amends/amends/saga/sagatest/state"
)

// inbound and outbound put the engine in the place of Temporal's.
type inbound struct {
	interceptor.WorkerInterceptorBase
	engine *engine
}

func (i *inbound) InterceptWorkflow(_ workflow.Context, next interceptor.WorkflowInboundInterceptor) interceptor.WorkflowInboundInterceptor {
	w := &workflowInbound{engine: i.engine}
	w.Next = next
	return w
}

type workflowInbound struct {
	interceptor.WorkflowInboundInterceptorBase
	engine *engine
}

func (w *workflowInbound) Init(next interceptor.WorkflowOutboundInterceptor) error {
	o := &outbound{engine: w.engine}
	o.Next = next
	return w.Next.Init(o)
}

type outbound struct {
	interceptor.WorkflowOutboundInterceptorBase
	engine *engine
}

func (o *outbound) ExecuteActivity(ctx workflow.Context, n string, args ...any) workflow.Future {
	opts := workflow.GetActivityOptions(ctx)
	// The engine notices a lost attempt by the heartbeats that it does not get.
	lost := cmp.Or(opts.HeartbeatTimeout, opts.StartToCloseTimeout)
	future, _, _ := o.start(ctx, n, false, args, opts.RetryPolicy, lost, opts.ScheduleToCloseTimeout)
	return future
}

func (o *outbound) ExecuteLocalActivity(ctx workflow.Context, n string, args ...any) workflow.Future {
	opts := workflow.GetLocalActivityOptions(ctx)
	future, f, set := o.start(ctx, n, true, args, opts.RetryPolicy, opts.StartToCloseTimeout, opts.ScheduleToCloseTimeout)
	workflow.GoNamed(ctx, n+" is canceled", func(ctx workflow.Context) { // which ends it at once
		ctx.Done().Receive(ctx, nil)
		if !future.IsReady() {
			o.engine.state.Canceled(workflow.Now(ctx), f)
			o.engine.leave(f, args[0])
			set.SetError(canceled(f.Kind))
		}
	})
	return future
}

func (o *outbound) start(ctx workflow.Context, n string, local bool, args []any, retry *temporal.RetryPolicy, lost, scheduleToClose time.Duration) (workflow.Future, *state.Flight, workflow.Settable) {
	future, set := workflow.NewFuture(ctx)
	h := &o.engine.state
	f := h.Start(n)
	f.Local = local
	workflow.GoNamed(ctx, n, func(ctx workflow.Context) {
		value, err := o.engine.execute(ctx, f, args[0], retry, lost, scheduleToClose)
		switch {
		case f.Left:
			h.Forget(f)
		case err != nil:
			h.Failed(workflow.Now(ctx), f, err)
			set.SetError(err)
		default:
			p := payloads(value)
			h.Succeeded(workflow.Now(ctx), f, p)
			set.SetValue(p)
		}
	})
	return future, f, set
}

func (o *outbound) NewTimer(ctx workflow.Context, d time.Duration) workflow.Future {
	o.engine.state.Set(workflow.Now(ctx), d)
	return o.Next.NewTimer(ctx, d)
}

func (o *outbound) NewTimerWithOptions(ctx workflow.Context, d time.Duration, options workflow.TimerOptions) workflow.Future {
	o.engine.state.Set(workflow.Now(ctx), d)
	return o.Next.NewTimerWithOptions(ctx, d, options)
}

// payloads encodes a result again, for a future to decode.
func payloads(v converter.EncodedValue) *commonpb.Payloads {
	var raw json.RawMessage
	must(v.Get(&raw), "decode a result")
	p, err := converter.GetDefaultDataConverter().ToPayloads(raw)
	must(err, "encode a result")
	return p
}
