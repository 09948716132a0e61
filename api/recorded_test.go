package api

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/orders/place"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/workflows"
)

// records are those of an order service whose worker takes a while: an order that was
// started is recorded when it has been asked for late times in vain.
type records struct {
	late int
	fail func(context.Context) error // nil: it answers

	mu      sync.Mutex
	runs    map[string]workflows.Input // by order, the newest
	starts  int
	vain    map[string]int
	written map[string]order.Record
	// contacts are those that were kept, by order and fingerprint.
	contacts map[[2]string]order.Contact
	// then happens to a choreographed order that is withdrawn; nil: nothing.
	then func(*order.Record)
	// unheard is the failure of withdrawals.
	unheard error
}

func newRecords(late int) *records {
	return &records{late: late, runs: map[string]workflows.Input{}, vain: map[string]int{}, written: map[string]order.Record{}, contacts: map[[2]string]order.Contact{}}
}

// start starts an order's workflow as the engine does.
func (r *records) start(_ context.Context, s started) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, ok := r.runs[s.input.OrderID]; ok {
		return serviceerror.NewWorkflowExecutionAlreadyStarted("already started", "request", "run")
	}
	r.starts++
	r.runs[s.input.OrderID] = s.input
	return nil
}

// write records an order.
func (r *records) write(in workflows.Input) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	p := in.Placement
	p.PlacedAt, p.DecideBy = at, at.Add(in.DecideAfter)
	r.written[in.OrderID] = order.Record{ID: in.OrderID, Status: order.Pending, Placement: p.Redacted(), CreatedAt: at, UpdatedAt: at}
}

// Address implements [records.Records].
func (r *records) Address(_ context.Context, id string) (order.Address, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.runs[id].Placement.ShipTo, nil
}

// Get implements [records.Records].
func (r *records) Get(ctx context.Context, id string) (order.Record, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fail != nil {
		if err := r.fail(ctx); err != nil {
			return order.Record{}, err
		}
	}
	in, begun := r.runs[id]
	if _, ok := r.written[id]; !ok && begun && r.vain[id] >= r.late {
		r.write(in)
	}
	if rec, ok := r.written[id]; ok {
		return rec, nil
	}
	r.vain[id]++
	return order.Record{}, fault.Errorf(fault.Business, fault.NotFound, "")
}

// come records the orders from now on at once.
func (r *records) come() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.late = 0
}

const never = 1 << 30

// brief makes a placement wait only shortly for a record that does not come.
func brief(c *Config) { c.Orders.PlacementTimeout = 500 * time.Millisecond }

func TestPlaceOrderByItsRecord(t *testing.T) {
	t.Parallel()
	at := "/v1/orders/" + firstOrder
	running := func(t *testing.T, b *testBundle) {
		t.Helper()
		b.temporal.describe = described(t, enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING, nil)
		b.temporal.query = knows(workflows.StatusPending)
	}

	t.Run("StartsOneWorkflowAndWaitsForTheRecord", func(t *testing.T) {
		t.Parallel()
		r := newRecords(2)
		b := setupRecorded(t, r)
		var call started
		b.temporal.start = func(ctx context.Context, s started) error {
			call = s
			return r.start(ctx, s)
		}
		answer := b.post(t, goodBody)
		o := answer.order(t, http.StatusAccepted)
		require.Equal(t, at, answer.Header.Get("Location"))
		require.Empty(t, answer.Header.Values("Idempotency-Replayed"))
		require.Equal(t, contract.SourceRecord, o.Source)
		require.Equal(t, "PENDING", o.Status)
		require.Equal(t, "cus_42", *o.CustomerId)
		require.Equal(t, []contract.Line{{Sku: "MUG-STONEWARE", Quantity: 2}, {Sku: "KETTLE-STEEL", Quantity: 1}}, o.Lines)
		require.Equal(t, 2026, o.CreatedAt.Year(), "by the engine's clock, which the record keeps")
		require.Zero(t, b.temporal.count("place"), "no update")
		require.Equal(t, 2, r.vain[firstOrder])

		require.Equal(t, enumspb.WORKFLOW_ID_CONFLICT_POLICY_FAIL, call.options.WorkflowIDConflictPolicy)
		require.Equal(t, enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE, call.options.WorkflowIDReusePolicy)
		require.True(t, call.options.WorkflowExecutionErrorWhenAlreadyStarted, "or a repeat would not be one")
		require.True(t, call.options.EnableEagerStart)
		require.Zero(t, call.options.WorkflowExecutionTimeout, "it would skip undo")
		require.Equal(t, "order", call.options.TaskQueue)
		require.Equal(t, "2 lines, EUR", call.options.StaticSummary)
		require.Equal(t, "tok_visa", call.input.Placement.PaymentToken)
		require.Equal(t, 10*time.Minute, call.input.DecideAfter)
		require.Empty(t, call.input.Express)
	})

	t.Run("IsExpressIfThatIsOn", func(t *testing.T) {
		t.Parallel()
		r := newRecords(0)
		b := setupRecorded(t, r, func(c *Config) { c.Orders.Express = true })
		b.temporal.start = r.start
		b.post(t, goodBody).order(t, http.StatusAccepted)
		require.Equal(t, workflows.ExpressSteps(), r.runs[firstOrder].Express)
		require.Contains(t, workflows.ExpressSteps(), "payment.capture")
	})

	t.Run("AnswersWithTheRecordOfADecidedOrder", func(t *testing.T) {
		t.Parallel()
		r := newRecords(never)
		b := setupRecorded(t, r)
		b.temporal.start = func(ctx context.Context, s started) error {
			r.write(s.input)
			rec := r.written[firstOrder]
			rec.Status, rec.View = order.Confirmed, []byte(`{"id":"`+firstOrder+`","status":"CONFIRMED","steps":[{"name":"order.confirm","state":"done","attempts":1}]}`)
			r.written[firstOrder] = rec
			return r.start(ctx, s)
		}
		o := b.post(t, goodBody, "Prefer: wait=10").order(t, http.StatusOK)
		require.Equal(t, "CONFIRMED", o.Status)
		require.Len(t, o.Steps, 1)
	})

	t.Run("ReplaysAfterAndDuringTheFirstCall", func(t *testing.T) {
		t.Parallel()
		r := newRecords(3)
		b := setupRecorded(t, r)
		b.temporal.start = r.start
		running(t, b)
		var all sync.WaitGroup
		answers := make([]response, 20)
		for i := range answers {
			all.Go(func() { answers[i] = b.post(t, goodBody) })
		}
		all.Wait()
		require.Equal(t, "true", b.post(t, goodBody).Header.Get("Idempotency-Replayed"))
		fresh := 0
		for _, answer := range answers {
			require.Equal(t, http.StatusAccepted, answer.StatusCode, answer.text)
			require.Equal(t, at, answer.Header.Get("Location"))
			if answer.Header.Get("Idempotency-Replayed") == "" {
				fresh++
			}
		}
		require.Equal(t, 1, fresh)
		require.Equal(t, 1, r.starts)
	})

	t.Run("ReplaysByTheRecordIfTheWorkflowDoesNotAnswer", func(t *testing.T) {
		t.Parallel()
		r := newRecords(0)
		b := setupRecorded(t, r)
		b.temporal.start = r.start
		b.post(t, goodBody)
		running(t, b)
		b.temporal.query = func(context.Context, string) (workflows.OrderView, error) {
			return workflows.OrderView{}, serviceerror.NewUnavailable("a task runs")
		}
		b.temporal.describe = func(context.Context, string) (*workflowservice.DescribeWorkflowExecutionResponse, error) {
			return nil, serviceerror.NewUnavailable("down")
		}
		answer := b.post(t, goodBody)
		require.Equal(t, contract.SourceRecord, answer.order(t, http.StatusAccepted).Source)
		require.Equal(t, "true", answer.Header.Get("Idempotency-Replayed"))
	})

	t.Run("RefusesAnotherBodyBeforeAndAfterTheRecord", func(t *testing.T) {
		t.Parallel()
		r := newRecords(never)
		b := setupRecorded(t, r, brief)
		b.temporal.start = r.start
		running(t, b)
		b.post(t, goodBody).refused(t, http.StatusServiceUnavailable, place.PlacementUnknown)
		asked := r.runs[firstOrder]
		b.post(t, quantity("3")).refused(t, http.StatusServiceUnavailable, place.PlacementUnknown)
		r.come()
		b.post(t, quantity("3")).refused(t, http.StatusUnprocessableEntity, place.KeyReused)
		require.Equal(t, asked, r.runs[firstOrder], "the first request is the order")
		require.Equal(t, asked.Placement.Fingerprint, r.written[firstOrder].Placement.Fingerprint)
		require.Equal(t, 1, r.starts)
	})

	t.Run("SaysThatTheOrderMayExistIfNoRecordComes", func(t *testing.T) {
		t.Parallel()
		r := newRecords(never)
		b := setupRecorded(t, r, brief)
		b.temporal.start = r.start
		running(t, b)
		answer := b.post(t, goodBody)
		answer.refused(t, http.StatusServiceUnavailable, place.PlacementUnknown)
		require.Equal(t, at, answer.Header.Get("Location"))
		requireRetryAfter(t, answer.Header)
		require.Less(t, b.server.Admission(t.Context()).Limit, 16, "no answer is the slowest of all")

		r.come()
		again := b.post(t, goodBody)
		require.Equal(t, firstOrder, again.order(t, http.StatusAccepted).Id)
		require.Equal(t, "true", again.Header.Get("Idempotency-Replayed"))
		require.Equal(t, 1, r.starts)
	})

	t.Run("SaysThatTheOrderMayExistAfterAStartWithoutAnAnswer", func(t *testing.T) {
		t.Parallel()
		b := setupRecorded(t, newRecords(0))
		b.temporal.start = func(context.Context, started) error { return serviceerror.NewUnavailable("reset by peer") }
		answer := b.post(t, goodBody)
		answer.refused(t, http.StatusServiceUnavailable, place.PlacementUnknown)
		require.Equal(t, at, answer.Header.Get("Location"))
	})
}

func TestPlaceOrderWithoutTheOrderService(t *testing.T) {
	t.Parallel()
	for name, fail := range map[string]func(context.Context) error{
		"IsAway":       func(context.Context) error { return fault.Errorf(fault.Transient, fault.Unavailable, "no instance") },
		"RefusesUs":    func(context.Context) error { return fault.Errorf(fault.Bug, "PERMISSION_DENIED", "who?") },
		"DoesNotReply": func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() },
	} {
		t.Run("AsksTheWorkflowIfIt"+name, func(t *testing.T) {
			t.Parallel()
			r := newRecords(0)
			r.fail = fail
			b := setupRecorded(t, r, func(c *Config) { c.Orders.QueryTimeout = 50 * time.Millisecond })
			b.temporal.start, b.temporal.place, b.temporal.query = r.start, firstWins(t), knows(workflows.StatusConfirmed)
			answer := b.post(t, goodBody)
			require.Equal(t, contract.SourceWorkflow, answer.order(t, http.StatusAccepted).Source)
			require.Empty(t, answer.Header.Get("Idempotency-Replayed"), "this call has started it")
			require.Equal(t, 1, r.starts)
			again := b.post(t, goodBody)
			require.Equal(t, "CONFIRMED", again.order(t, http.StatusAccepted).Status)
			require.Equal(t, "true", again.Header.Get("Idempotency-Replayed"))
			b.post(t, quantity("3")).refused(t, http.StatusUnprocessableEntity, place.KeyReused)
		})
	}

	t.Run("LeavesItAloneForAWhile", func(t *testing.T) {
		t.Parallel()
		r := newRecords(0)
		var asked atomic.Int32
		r.fail = func(context.Context) error {
			if asked.Add(1) > 3 {
				return nil
			}
			return fault.Errorf(fault.Transient, fault.Unavailable, "no instance")
		}
		b := setupRecorded(t, r)
		b.temporal.start, b.temporal.place = r.start, firstWins(t)
		for customer := range 3 {
			b.post(t, with("cus_42", fmt.Sprint("cus_", customer))).order(t, http.StatusAccepted)
		}
		b.post(t, with("cus_42", "cus_43")).order(t, http.StatusAccepted)
		require.EqualValues(t, 3, asked.Load(), "it has not answered of late")
		require.Equal(t, 3, r.starts, "the update is part of the start")
		customer := 100
		require.Eventually(t, func() bool {
			customer++
			return b.post(t, with("cus_42", fmt.Sprint("cus_", customer))).order(t, http.StatusAccepted).Source == contract.SourceRecord
		}, time.Minute, 100*time.Millisecond)
	})

	t.Run("KnowsItsOwnOrderThatIsClosedAlready", func(t *testing.T) {
		t.Parallel()
		r := newRecords(0)
		r.fail = func(context.Context) error { return fault.Errorf(fault.Transient, fault.Unavailable, "no instance") }
		b := setupRecorded(t, r)
		b.temporal.start = r.start
		b.temporal.place = func(context.Context, started) (workflows.PlaceResult, error) {
			return workflows.PlaceResult{}, serviceerror.NewWorkflowExecutionAlreadyStarted("already finished", "request", "run")
		}
		b.temporal.input = func(string) (workflows.Input, error) { return r.runs[firstOrder], nil }
		b.temporal.describe = described(t, enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED, nil)
		b.temporal.query = knows(workflows.StatusConfirmed)
		for _, replayed := range []string{"", "true"} {
			answer := b.post(t, goodBody)
			require.Equal(t, "CONFIRMED", answer.order(t, http.StatusAccepted).Status)
			require.Equal(t, replayed, answer.Header.Get("Idempotency-Replayed"))
		}
	})
}

func TestPlaceOrderOverAStoppedWorkflowWithoutADecision(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		express, lost, recorded, unreadable bool
		again                               bool
	}{
		"NoTaskRan":                     {again: true},
		"ItsRecordWasWrittenInVain":     {recorded: true, again: true},
		"ATaskWasLost":                  {lost: true, again: true},
		"NoExpressTaskRan":              {express: true, again: true},
		"AnExpressTaskWasLost":          {express: true, lost: true, again: true},
		"AnExpressTaskHasRecordedIt":    {express: true, lost: true, recorded: true},
		"AnExpressTaskMayHaveRecorded":  {express: true, lost: true, unreadable: true},
		"NoExpressTaskRanWithoutRecord": {express: true, unreadable: true, again: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRecords(never)
			b := setupRecorded(t, r, brief, func(o *Config) { o.Orders.Express = c.express })
			b.temporal.start = r.start
			b.post(t, goodBody).refused(t, http.StatusServiceUnavailable, place.PlacementUnknown)
			first := r.runs[firstOrder]
			if c.recorded {
				r.write(first)
			}
			if c.unreadable {
				r.fail = func(context.Context) error { return fault.Errorf(fault.Transient, fault.Unavailable, "no instance") }
			}

			b.temporal.input = func(string) (workflows.Input, error) { return first, nil }
			b.temporal.lost = c.lost
			b.temporal.describe = described(t, enumspb.WORKFLOW_EXECUTION_STATUS_TERMINATED, nil)
			b.temporal.query = knows(workflows.StatusPending)
			// anew starts a second run if that is asked for.
			anew := func(ctx context.Context, s started) error {
				if r.starts == 1 && s.options.WorkflowIDReusePolicy == enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE_FAILED_ONLY {
					delete(r.runs, firstOrder)
					r.late = 0
					b.temporal.describe = described(t, enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING, nil)
				}
				return r.start(ctx, s)
			}
			attached := firstWins(t)
			b.temporal.start = anew
			b.temporal.place = func(ctx context.Context, s started) (workflows.PlaceResult, error) {
				if err := anew(ctx, s); err != nil && r.starts == 1 {
					return workflows.PlaceResult{}, err
				}
				return attached(ctx, s)
			}
			answer := b.post(t, goodBody)
			if c.unreadable && !c.again {
				answer.refused(t, http.StatusServiceUnavailable, place.PlacementUnknown)
				require.Equal(t, 1, r.starts)
				return
			}
			o := answer.order(t, http.StatusAccepted)
			replayed := !c.again || c.recorded
			require.Equal(t, replayed, answer.Header.Get("Idempotency-Replayed") == "true")
			if c.again {
				require.Equal(t, 2, r.starts)
				require.Empty(t, o.Attention)
				return
			}
			require.Equal(t, 1, r.starts, "it may have effects, and is the doctor's")
			require.Equal(t, "SAGA_TERMINATED", o.Attention[0].Code)
		})
	}
}
