package saga_test

import (
	"slices"
	"testing"
	"time"

	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

// spy notes the commands that a workflow gives. It runs in the workflow's
// coroutines, so read it when the workflow has ended.
type spy struct {
	interceptor.WorkerInterceptorBase
	scheduled []command
	limits    map[string]time.Duration // activity -> start-to-close
	calls     map[string]time.Duration // activity -> how long its first call may take in all; 0: for ever
	timers    int
	attention []bool // the values that the search attribute was set to
	// takes is how long the local calls of an activity take by the workflow's clock, which
	// activities do not move by themselves in the test environment. If it is set, all
	// others take a millisecond.
	takes map[string]time.Duration
	// canceled is how the local call of an activity ends if it is canceled, and only then.
	canceled map[string]error
}

var needsAttention = temporal.NewSearchAttributeKeyBool("NeedsAttention")

// command is an activity that was scheduled, which may make any number of attempts.
type command struct {
	activity string
	local    bool
	queue    string
	summary  string
}

// watch notes the commands of the bundle's workflow.
func (b *testBundle) watch(t *testing.T) *spy {
	t.Helper()
	s := &spy{limits: map[string]time.Duration{}, calls: map[string]time.Duration{}}
	b.env.SetWorkerOptions(worker.Options{Interceptors: []interceptor.WorkerInterceptor{s}, DeadlockDetectionTimeout: stall})
	return s
}

// of returns the commands of one activity.
func (s *spy) of(activity string) []command {
	return slices.DeleteFunc(slices.Clone(s.scheduled), func(c command) bool { return c.activity != activity })
}

func (s *spy) InterceptWorkflow(_ workflow.Context, next interceptor.WorkflowInboundInterceptor) interceptor.WorkflowInboundInterceptor {
	i := &spyInbound{spy: s}
	i.Next = next
	return i
}

type spyInbound struct {
	interceptor.WorkflowInboundInterceptorBase
	spy *spy
}

func (i *spyInbound) Init(out interceptor.WorkflowOutboundInterceptor) error {
	o := &spyOutbound{spy: i.spy}
	o.Next = out
	return i.Next.Init(o)
}

type spyOutbound struct {
	interceptor.WorkflowOutboundInterceptorBase
	spy *spy
}

func (o *spyOutbound) ExecuteActivity(ctx workflow.Context, name string, args ...any) workflow.Future {
	a := workflow.GetActivityOptions(ctx)
	o.spy.scheduled = append(o.spy.scheduled, command{activity: name, queue: a.TaskQueue, summary: a.Summary})
	o.spy.limits[name] = a.StartToCloseTimeout
	if _, ok := o.spy.calls[name]; !ok {
		o.spy.calls[name] = a.ScheduleToCloseTimeout
	}
	return o.takes(ctx, 0, func(ctx workflow.Context) workflow.Future { return o.Next.ExecuteActivity(ctx, name, args...) })
}

func (o *spyOutbound) ExecuteLocalActivity(ctx workflow.Context, name string, args ...any) workflow.Future {
	a := workflow.GetLocalActivityOptions(ctx)
	o.spy.scheduled = append(o.spy.scheduled, command{activity: name, local: true, summary: a.Summary})
	o.spy.limits[name] = a.StartToCloseTimeout
	if err := o.spy.canceled[name]; err != nil {
		result, set := workflow.NewFuture(ctx)
		workflow.Go(ctx, func(ctx workflow.Context) {
			ctx.Done().Receive(ctx, nil)
			set.SetError(err)
		})
		return result
	}
	return o.takes(ctx, o.spy.takes[name], func(ctx workflow.Context) workflow.Future { return o.Next.ExecuteLocalActivity(ctx, name, args...) })
}

// takes calls an activity after the time that it takes.
func (o *spyOutbound) takes(ctx workflow.Context, d time.Duration, call func(workflow.Context) workflow.Future) workflow.Future {
	if o.spy.takes == nil {
		return call(ctx)
	}
	result, set := workflow.NewFuture(ctx)
	workflow.Go(ctx, func(ctx workflow.Context) {
		if err := workflow.Sleep(ctx, max(d, time.Millisecond)); err != nil {
			set.SetError(err)
			return
		}
		set.Chain(call(ctx))
	})
	return result
}

func (o *spyOutbound) NewTimerWithOptions(ctx workflow.Context, d time.Duration, options workflow.TimerOptions) workflow.Future {
	if options.Summary == "decide by" {
		o.spy.timers++
	}
	return o.Next.NewTimerWithOptions(ctx, d, options)
}

func (o *spyOutbound) UpsertTypedSearchAttributes(ctx workflow.Context, changes ...temporal.SearchAttributeUpdate) error {
	if on, ok := temporal.NewSearchAttributes(changes...).GetBool(needsAttention); ok {
		o.spy.attention = append(o.spy.attention, on)
	}
	return o.Next.UpsertTypedSearchAttributes(ctx, changes...)
}
