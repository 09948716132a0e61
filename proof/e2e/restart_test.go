package e2e_test

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"github.com/amends/amends/api"
	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/api/operator"
	"github.com/amends/amends/internal/orders"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/services/order/course"
	"github.com/amends/amends/workflows"
)

// desk is the admin address of an API that can call the order service.
type desk struct{ url string }

func (p *platform) desk(t *testing.T) desk {
	t.Helper()
	quiet := slog.New(slog.DiscardHandler)
	c := api.DefaultConfig()
	c.GuestSecret = guestSecret
	c.Orders.Queue, c.Orders.RepairTimeout = p.queues["order"], 30*time.Second
	a, err := api.New(c, server.Client, api.WithLogger(quiet), api.WithOrders(p.Orders))
	require.NoError(t, err)
	h := httptest.NewServer(api.NewAdmin(api.Admin{
		Repairs: a, Operators: []operator.Operator{{Name: "night", Secret: "night-night-night-1"}}, Logger: quiet,
	}))
	t.Cleanup(h.Close)
	return desk{h.URL}
}

// ask asks for a repair, and returns the status, the code of a refusal, and the order.
func (d desk) ask(t *testing.T, id, key, body string) (status int, code string, o contract.OperatorsOrder) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, d.url+"/v1/orders/"+id+"/repair", bytes.NewBufferString(body))
	require.NoError(t, err)
	r.Header.Set("Authorization", "Bearer night-night-night-1")
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Idempotency-Key", key)
	answer, err := browser.Do(r)
	require.NoError(t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	if answer.StatusCode >= http.StatusBadRequest {
		var problem contract.Problem
		require.NoError(t, json.Unmarshal(text, &problem), "%s", text)
		return answer.StatusCode, problem.Code, o
	}
	require.NoError(t, json.Unmarshal(text, &o), "%s", text)
	return answer.StatusCode, "", o
}

const (
	resumption = `{"action": "resume", "reason": "terminated by mistake", "reference": "case 4713"}`
	rehearsal  = `{"action": "resume", "reason": "terminated by mistake", "dry_run": true}`
	rerun      = `{"action": "rerun", "reason": "the books were restored"}`
)

// stops are the ways in which a saga ends without a decision.
var stops = map[string]func(t *testing.T, p *platform, id string){
	"Terminated": terminate,
	"Deleted": func(t *testing.T, p *platform, id string) {
		t.Helper()
		terminate(t, p, id)
		_, err := server.WorkflowService().DeleteWorkflowExecution(t.Context(), &workflowservice.DeleteWorkflowExecutionRequest{
			Namespace: server.Namespace, WorkflowExecution: &commonpb.WorkflowExecution{WorkflowId: workflows.WorkflowID(id)},
		})
		require.NoError(t, err)
		eventually(t, "the engine has forgotten it", func() bool {
			_, err := server.DescribeWorkflowExecution(t.Context(), workflows.WorkflowID(id), "")
			return err != nil
		})
	},
	"TimedOut": func(t *testing.T, p *platform, id string) {
		t.Helper()
		terminate(t, p, id)
		rec, err := p.Orders.Get(t.Context(), id)
		require.NoError(t, err)
		_, err = server.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{
			ID: workflows.WorkflowID(id), TaskQueue: p.queues["order"], WorkflowRunTimeout: time.Second,
		}, workflows.PlaceOrder, workflows.Resume(rec))
		require.NoError(t, err)
		eventually(t, "its time is over", func() bool {
			d, err := server.DescribeWorkflowExecution(t.Context(), workflows.WorkflowID(id), "")
			return err == nil && d.GetWorkflowExecutionInfo().GetStatus() == enumspb.WORKFLOW_EXECUTION_STATUS_TIMED_OUT
		})
	},
}

func terminate(t *testing.T, _ *platform, id string) {
	t.Helper()
	require.NoError(t, server.TerminateWorkflow(t.Context(), workflows.WorkflowID(id), "", "test"))
}

// A stopped saga is taken up by an operator at once: it settles first. Before its capture
// everything is undone, and after it the order goes forward. Who did that, and why, is kept.
func TestAnOperatorResumesAStoppedSagaAtAnyAge(t *testing.T) {
	t.Parallel()

	for how, stop := range stops {
		for at, want := range map[string]order.Status{"shipping.book": cancelled, "inventory.commit": confirmed} {
			t.Run(how+" at "+at, func(t *testing.T) {
				t.Parallel()
				p := newPlatform(t, 10*time.Minute)
				d := p.desk(t)
				id := p.placeHeld(t, placement())
				status, code, _ := d.ask(t, id, uuid.NewString(), resumption)
				require.Equal(t, []any{http.StatusConflict, "SAGA_RUNS"}, []any{status, code})
				service := "shipping"
				if at == "inventory.commit" {
					service = "inventory"
					p.settled(t, id)
					p.stop("inventory")
					p.start(t, "shipping")
					p.reaches(t, id, at, saga.Running)
				}
				stop(t, p, id)
				p.start(t, service)

				status, code, o := d.ask(t, id, uuid.NewString(), rehearsal)
				require.Equal(t, http.StatusOK, status, code)
				require.Equal(t, contract.OrderStatus("PENDING"), o.Status, "it is only tried")
				require.Empty(t, o.Repairs)
				key := uuid.NewString()
				status, code, _ = d.ask(t, id, key, resumption)
				require.Contains(t, []int{http.StatusOK, http.StatusAccepted}, status, "%s: it runs again, and may not be decided yet", code)
				require.Equal(t, want, decided(t, id).Status)
				status, code, o = d.ask(t, id, key, resumption)
				require.Equal(t, http.StatusOK, status, code)
				require.EqualValues(t, want, o.Status)
				require.Len(t, o.Repairs, 1, "the same request is one resume")
				made := o.Repairs[0]
				require.Equal(t, []any{"resume", "terminated by mistake", "night", "case 4713"}, []any{made.Action, made.Reason, made.Operator, *made.Reference})
				require.NoError(t, p.Check(t.Context()))

				status, code, _ = d.ask(t, id, uuid.NewString(), resumption)
				require.Equal(t, []any{http.StatusConflict, "ALREADY_DECIDED"}, []any{status, code})
				p.overdue(t, id)
				require.Empty(t, p.diagnose(t).Findings)
			})
		}
	}
}

// A choreographed order that no service goes on with is taken over. One that makes progress is
// left alone.
func TestAnOperatorResumesAStandingChoreographedOrder(t *testing.T) {
	t.Parallel()

	p := newPlatform(t, 10*time.Minute)
	d := p.desk(t)
	id := uuid.NewString()
	_, err := p.Orders.Place(t.Context(), id, order.Placement{
		CustomerID: "cus_1", Currency: "EUR", PaymentToken: "tok_visa", Lines: []order.Line{{SKU: "MUG", Quantity: 1}},
		ShipTo: order.Address{Name: "A", Line1: "B", City: "C", PostalCode: "10115", Country: "DE"}, Fingerprint: "f", Nonce: "n",
	}, time.Hour)
	require.NoError(t, err)
	status, code, _ := d.ask(t, id, uuid.NewString(), resumption)
	require.Equal(t, []any{http.StatusConflict, "NOT_FLAGGED"}, []any{status, code}, "it may make progress")
	status, code, _ = d.ask(t, id, uuid.NewString(), rerun)
	require.Equal(t, []any{http.StatusUnprocessableEntity, "VALIDATION_FAILED"}, []any{status, code}, "it has no workflow")

	rec, err := p.Orders.Get(t.Context(), id)
	require.NoError(t, err)
	require.NoError(t, p.Orders.Remind(t.Context(), id, course.DueAt(rec)))
	status, code, o := d.ask(t, id, uuid.NewString(), resumption)
	require.Equal(t, http.StatusOK, status, code)
	require.EqualValues(t, cancelled, o.Status)
	require.Equal(t, "resume", o.Repairs[0].Action)
	require.NoError(t, p.Check(t.Context()))
}

// A rerun resets a saga to its beginning, at any status. It is a repair in the record, and a reset
// by the engine's own tools is listed beside it.
func TestARerunBeginsASagaAgainAndIsKept(t *testing.T) {
	t.Parallel()

	for token, want := range map[string]order.Status{"tok_visa": confirmed, "tok_capture_declined": cancelled} {
		t.Run(token, func(t *testing.T) {
			t.Parallel()
			p := newPlatform(t, 10*time.Minute)
			d := p.desk(t)
			body := placement()
			body["payment_token"] = token
			id := p.place(t, "", "wait=30", body).order.ID
			decided(t, id) // its workflow ends behind its record
			ledgers := p.ledgers(t)
			foreign := resetPoints(t, id)
			require.Equal(t, want, result(t, id, reset(t, id, foreign.run, foreign.events[1])).Status)
			before := resetPoints(t, id).run

			key := uuid.NewString()
			for range 2 {
				status, code, o := d.ask(t, id, key, rerun)
				require.Equal(t, http.StatusOK, status, code)
				require.EqualValues(t, want, o.Status)
				require.Len(t, o.Repairs, 1)
				require.Equal(t, []any{"rerun", "the books were restored", "night"}, []any{o.Repairs[0].Action, o.Repairs[0].Reason, o.Repairs[0].Operator})
			}
			require.NotEqual(t, before, resetPoints(t, id).run)
			require.Equal(t, 2, chain(t, id, before), "a repeat is the same reset")
			require.NoError(t, p.Check(t.Context()))
			require.Equal(t, ledgers, p.ledgers(t), "nothing happens twice")

			v, err := orders.New(orders.Config{QueryTimeout: patience, Records: p.Orders}, server.Client).Ask(t.Context(), id)
			require.NoError(t, err)
			require.Len(t, v.Repairs, 2, "those of the engine and of the record")
			made := v.Repairs[0]
			require.Equal(t, []any{saga.Action("reset"), "test"}, []any{made.Action, made.Reason})
			require.Contains(t, made.Reference, foreign.run)
			require.Equal(t, saga.Rerun, v.Repairs[1].Action)
		})
	}
}

// chain counts the runs of an order's workflow from one on: those that were reset from it, and itself.
func chain(t *testing.T, id, from string) (n int) {
	t.Helper()
	for run := ""; ; n++ {
		base := ""
		h := server.GetWorkflowHistory(t.Context(), workflows.WorkflowID(id), run, false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
		for h.HasNext() {
			e, err := h.Next()
			require.NoError(t, err)
			if a := e.GetWorkflowTaskFailedEventAttributes(); a.GetCause() == enumspb.WORKFLOW_TASK_FAILED_CAUSE_RESET_WORKFLOW {
				base = a.GetBaseRunId()
			}
		}
		if run == from || base == "" {
			return n + 1
		}
		run = base
	}
}
