package api

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/orders/admission"
	"github.com/amends/amends/internal/orders/identity"
	"github.com/amends/amends/internal/orders/place"
	"github.com/amends/amends/workflows"
)

// firstWins answers placements as the engine does: the first call for an order
// decides the outcome of all.
func firstWins(t *testing.T) func(context.Context, started) (workflows.PlaceResult, error) {
	t.Helper()
	var mu sync.Mutex
	outcomes := map[string]workflows.PlaceResult{}
	return func(_ context.Context, s started) (workflows.PlaceResult, error) {
		mu.Lock()
		defer mu.Unlock()
		first, ok := outcomes[s.options.ID]
		if !ok {
			placed := view(s.input.OrderID, workflows.StatusPending)
			placed.CustomerID = s.input.Placement.CustomerID
			first = workflows.PlaceResult{Fingerprint: s.request().Fingerprint, Nonce: s.request().Nonce, Order: placed}
			outcomes[s.options.ID] = first
		}
		return first, nil
	}
}

func knows(status workflows.Status) func(context.Context, string) (workflows.OrderView, error) {
	return func(_ context.Context, id string) (workflows.OrderView, error) {
		return view(strings.TrimPrefix(id, "order-"), status), nil
	}
}

// firstOrder is the id of the order that cus_42, a guest, places with keyOne.
var firstOrder = identity.NewGuests(guestSecret).Order("cus_42", keyOne)

func TestPlaceOrder(t *testing.T) {
	t.Parallel()

	t.Run("StartsOneWorkflowForOneOrder", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		var call started
		place := firstWins(t)
		b.temporal.place = func(ctx context.Context, s started) (workflows.PlaceResult, error) {
			call = s
			deadline, ok := ctx.Deadline()
			require.True(t, ok)
			require.WithinDuration(t, time.Now().Add(10*time.Second), deadline, time.Second)
			return place(ctx, s)
		}
		answer := b.post(t, goodBody)
		order := answer.order(t, http.StatusAccepted)
		require.Equal(t, firstOrder, order.Id)
		require.Equal(t, "/v1/orders/"+order.Id, answer.Header.Get("Location"))
		require.Empty(t, answer.Header.Values("Idempotency-Replayed"))
		require.Equal(t, contract.SourceWorkflow, order.Source)

		o := call.options
		require.Equal(t, "order-"+order.Id, o.ID)
		require.Equal(t, "order", o.TaskQueue)
		require.Equal(t, enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING, o.WorkflowIDConflictPolicy)
		require.Equal(t, enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE, o.WorkflowIDReusePolicy)
		require.Zero(t, o.WorkflowExecutionTimeout, "it would skip undo")
		require.Zero(t, o.WorkflowRunTimeout, "it would skip undo")
		require.Equal(t, "2 lines, EUR", o.StaticSummary)
		status, _ := o.TypedSearchAttributes.GetKeyword(workflows.AttributeOrderStatus)
		require.Equal(t, "PENDING", status)
		customer, _ := o.TypedSearchAttributes.GetKeyword(workflows.AttributeCustomer)
		require.Equal(t, "f2157b9bc08da230953c9d99e27b16f1", customer)
		require.NotContains(t, customer, "42")

		require.Equal(t, workflows.PlaceOrder, call.name)
		require.Equal(t, order.Id, call.input.OrderID)
		p := call.input.Placement
		require.Equal(t, workflows.Address{Name: "A. Buyer", Line1: "Hauptstr. 1", City: "Berlin", PostalCode: "10115", Country: "DE"}, p.ShipTo)
		require.Equal(t, []workflows.Line{{SKU: "MUG-STONEWARE", Quantity: 2}, {SKU: "KETTLE-STEEL", Quantity: 1}}, p.Lines)
		require.Equal(t, "tok_visa", p.PaymentToken)
		require.Equal(t, 10*time.Minute, call.input.DecideAfter)
		require.Equal(t, 10*time.Minute, p.DecideBy.Sub(p.PlacedAt), "for workers of the first release")
		require.Equal(t, time.UTC, p.PlacedAt.Location())
		require.Zero(t, p.PlacedAt.Nanosecond()%1000)

		require.Equal(t, workflows.PlaceUpdateID, call.update.UpdateID)
		require.Equal(t, workflows.UpdatePlace, call.update.UpdateName)
		require.Equal(t, client.WorkflowUpdateStageCompleted, call.update.WaitForStage)
		require.Equal(t, workflows.PlaceRequest{Fingerprint: p.Fingerprint, Nonce: p.Nonce}, call.request())
		require.NotContains(t, b.logs.String(), "tok_visa")
		require.NotContains(t, b.logs.String(), "Hauptstr")
	})

	t.Run("ReplaysTheSameBodyWhateverItsSpelling", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.temporal.place = firstWins(t)
		b.temporal.query = knows(workflows.StatusConfirmed)
		first := b.post(t, goodBody).order(t, http.StatusAccepted)
		other := `{"payment_token":"tok_vis\u0061","ship_to":{"country":"DE","postal_code":"10115","city":"Berlin","line1":"Hauptstr. 1","name":"A. Buyer"},
			"lines":[{"quantity":2,"sku":"MUG-STONEWARE"},{"quantity":1,"sku":"KETTLE-STEEL"}],"currency":"EUR","customer_id":"cus_42"}`
		answer := b.post(t, other)
		again := answer.order(t, http.StatusAccepted)
		require.Equal(t, first.Id, again.Id)
		require.Equal(t, "true", answer.Header.Get("Idempotency-Replayed"))
		require.Equal(t, "CONFIRMED", again.Status, "the order as it is now, not as it was placed")

		quoted := b.do(t, http.MethodPost, "/v1/orders", goodBody, "Content-Type: application/json", `Idempotency-Key: "`+keyOne+`"`)
		require.Equal(t, first.Id, quoted.order(t, http.StatusAccepted).Id)
	})

	t.Run("ReplaysThePlacementIfTheWorkflowDoesNotAnswer", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.temporal.place = firstWins(t)
		b.post(t, goodBody)
		b.temporal.query = func(context.Context, string) (workflows.OrderView, error) {
			return workflows.OrderView{}, serviceerror.NewUnavailable("down")
		}
		b.temporal.describe = func(context.Context, string) (*workflowservice.DescribeWorkflowExecutionResponse, error) {
			return nil, serviceerror.NewUnavailable("down")
		}
		answer := b.post(t, goodBody)
		require.Equal(t, "PENDING", answer.order(t, http.StatusAccepted).Status)
		require.Equal(t, "true", answer.Header.Get("Idempotency-Replayed"))
	})

	t.Run("RefusesAUsedKeyForAnotherBody", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.temporal.place = firstWins(t)
		b.post(t, goodBody)
		for _, other := range []string{
			quantity("3"), with("EUR", "USD"), with("Hauptstr. 1", "Hauptstr. 2"), with("tok_visa", "tok_other"),
			with("MUG-STONEWARE", "MUG-OTHER"), with(`"line2": ""`, `"line2": "c/o"`),
		} {
			b.post(t, other).refused(t, http.StatusUnprocessableEntity, place.KeyReused)
		}
	})

	t.Run("GivesAnotherCustomersSameKeyAnotherOrder", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.temporal.place = firstWins(t)
		mine := b.post(t, goodBody).order(t, http.StatusAccepted)
		theirs := b.post(t, with("cus_42", "cus_43"))
		require.NotEqual(t, mine.Id, theirs.order(t, http.StatusAccepted).Id)
		require.Empty(t, theirs.Header.Values("Idempotency-Replayed"))
	})

	t.Run("AttachesTwentyCopiesToOneOrder", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.temporal.place = firstWins(t)
		b.temporal.query = knows(workflows.StatusConfirmed)
		var wg sync.WaitGroup
		answers := make([]response, 20)
		for i := range answers {
			wg.Go(func() { answers[i] = b.post(t, goodBody) })
		}
		wg.Wait()
		fresh := 0
		for _, answer := range answers {
			require.Equal(t, http.StatusAccepted, answer.StatusCode)
			require.Equal(t, answers[0].Header.Get("Location"), answer.Header.Get("Location"))
			if answer.Header.Get("Idempotency-Replayed") == "" {
				fresh++
			}
		}
		require.Equal(t, 1, fresh)
	})
}

func TestPlaceOrderWithoutAnAnswer(t *testing.T) {
	t.Parallel()
	at := "/v1/orders/" + firstOrder

	t.Run("SaysThatNothingWasStartedIfTheEngineIsNotThere", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.temporal.health = func(context.Context) error { return serviceerror.NewUnavailable("connection refused to 10.0.0.7") }
		answer := b.post(t, goodBody)
		answer.refused(t, http.StatusServiceUnavailable, fault.Unavailable)
		requireRetryAfter(t, answer.Header)
		require.Empty(t, answer.Header.Values("Location"))
		require.NotContains(t, answer.text, "10.0.0.7")
		require.Zero(t, b.temporal.count("place"))
	})

	t.Run("AsksTheEngineAtMostOnceASecond", func(t *testing.T) {
		t.Parallel()
		now := time.Now()
		b := setup(t, func(c *Config) { c.Orders.Now = func() time.Time { return now } })
		b.temporal.place = firstWins(t)
		b.post(t, goodBody)
		b.post(t, with("cus_42", "cus_43"))
		require.Equal(t, 1, b.temporal.count("check health"))
		now = now.Add(time.Second)
		b.post(t, with("cus_42", "cus_44"))
		require.Equal(t, 2, b.temporal.count("check health"))
	})

	t.Run("SaysThatNothingWasStartedIfNoWorkerWouldTakeIt", func(t *testing.T) {
		t.Parallel()
		now := time.Now()
		b := setup(t, func(c *Config) { c.Orders.Now = func() time.Time { return now } })
		b.temporal.place, b.temporal.unpolled = firstWins(t), true
		b.post(t, goodBody).order(t, http.StatusAccepted) // its workers may be starting
		now = now.Add(time.Minute)
		b.temporal.describe = func(context.Context, string) (*workflowservice.DescribeWorkflowExecutionResponse, error) {
			return nil, serviceerror.NewNotFound("no")
		}
		answer := b.post(t, with("cus_42", "cus_43"))
		answer.refused(t, http.StatusServiceUnavailable, fault.Unavailable)
		requireRetryAfter(t, answer.Header)
		require.Equal(t, 1, b.temporal.count("place"))
	})

	t.Run("NeverSaysSoOfAnOrderWhoseWorkflowExists", func(t *testing.T) {
		t.Parallel()
		now := time.Now()
		b := setup(t, func(c *Config) { c.Orders.Now = func() time.Time { return now } })
		b.temporal.place, b.temporal.unpolled = firstWins(t), true
		b.post(t, goodBody).order(t, http.StatusAccepted)
		now = now.Add(time.Minute)
		b.temporal.query = knows(workflows.StatusConfirmed)
		b.temporal.describe = func(context.Context, string) (*workflowservice.DescribeWorkflowExecutionResponse, error) {
			return &workflowservice.DescribeWorkflowExecutionResponse{}, nil
		}
		require.Equal(t, "CONFIRMED", b.post(t, goodBody).order(t, http.StatusAccepted).Status)
	})

	for name, err := range map[string]error{
		"Timeout":     client.NewWorkflowUpdateServiceTimeoutOrCanceledError(context.DeadlineExceeded),
		"Unavailable": serviceerror.NewUnavailable("reset by peer"),
		"Exhausted":   serviceerror.NewResourceExhausted(enumspb.RESOURCE_EXHAUSTED_CAUSE_RPS_LIMIT, "too many"),
		"Unexpected":  errors.New("something else"),
		"ARefusal":    serviceerror.NewNamespaceNotFound("default"), // perhaps of a second attempt
	} {
		t.Run("SaysThatTheOrderMayExistAfter"+name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.temporal.place = func(context.Context, started) (workflows.PlaceResult, error) { return workflows.PlaceResult{}, err }
			answer := b.post(t, goodBody)
			answer.refused(t, http.StatusServiceUnavailable, place.PlacementUnknown)
			require.Equal(t, at, answer.Header.Get("Location"))
			requireRetryAfter(t, answer.Header)
			require.NotContains(t, answer.text, err.Error())
		})
	}

	t.Run("IsNotLetInWhileTooManyAreInFlight", func(t *testing.T) {
		t.Parallel()
		b := setup(t, func(c *Config) { c.Orders.Admission.Least, c.Orders.Admission.Most, c.Orders.Admission.Wait = 1, 1, 0 })
		arrived, leave := make(chan struct{}), make(chan struct{})
		taken := firstWins(t)
		b.temporal.place = func(ctx context.Context, s started) (workflows.PlaceResult, error) {
			close(arrived)
			<-leave
			return taken(ctx, s)
		}
		first := make(chan response, 1)
		go func() { first <- b.post(t, goodBody) }() //nolint:testifylint // it only fails if the server is gone
		<-arrived
		answer := b.post(t, with("cus_42", "cus_43"))
		answer.refused(t, http.StatusServiceUnavailable, place.Overloaded)
		requireRetryAfter(t, answer.Header)
		require.Empty(t, answer.Header.Values("Location"))
		require.Equal(t, 1, b.temporal.count("place"), "nothing was started")
		require.NotContains(t, b.logs.String(), "level=ERROR", "it is no failure")
		b.temporal.query = knows(workflows.StatusPending)
		b.temporal.describe = described(t, enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING, nil)
		b.get(t).order(t, http.StatusOK)
		require.Equal(t, admission.State{Limit: 1, InFlight: 1, Busy: 1}, b.server.Admission(t.Context()))
		close(leave)
		require.Equal(t, http.StatusAccepted, (<-first).StatusCode)
	})

	t.Run("GivesUpInTime", func(t *testing.T) {
		t.Parallel()
		b := setup(t, quick)
		b.temporal.place = func(ctx context.Context, _ started) (workflows.PlaceResult, error) {
			<-ctx.Done()
			return workflows.PlaceResult{}, client.NewWorkflowUpdateServiceTimeoutOrCanceledError(ctx.Err())
		}
		b.post(t, goodBody).refused(t, http.StatusServiceUnavailable, place.PlacementUnknown)
	})
}

func TestPlaceOrderOverAClosedWorkflow(t *testing.T) {
	t.Parallel()

	setupClosed := func(t *testing.T, err error) (*testBundle, *workflows.Input) {
		t.Helper()
		b := setup(t)
		input := &workflows.Input{}
		b.temporal.place = func(_ context.Context, s started) (workflows.PlaceResult, error) {
			if input.OrderID == "" { // as if an earlier call had come this far
				*input = s.input
				input.Placement.Nonce = "earlier"
			}
			return workflows.PlaceResult{}, err
		}
		b.temporal.input = func(string) (workflows.Input, error) { return *input, nil }
		b.temporal.describe = func(context.Context, string) (*workflowservice.DescribeWorkflowExecutionResponse, error) {
			return &workflowservice.DescribeWorkflowExecutionResponse{WorkflowExecutionInfo: &workflowpb.WorkflowExecutionInfo{
				Status: enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED,
			}}, nil
		}
		b.temporal.query = knows(workflows.StatusCancelled)
		return b, input
	}
	closed := serviceerror.NewWorkflowExecutionAlreadyStarted("already finished", "request", "run")

	for name, err := range map[string]error{
		"Terminated":     closed,
		"UpdateFailed":   temporal.NewApplicationError("no", "INTERNAL"),
		"AlreadyClosing": serviceerror.NewNotFound("workflow execution already completed"),
	} {
		t.Run("AnswersWithTheOrderAsItIsAfter"+name, func(t *testing.T) {
			t.Parallel()
			b, _ := setupClosed(t, err)
			answer := b.post(t, goodBody)
			require.Equal(t, "CANCELLED", answer.order(t, http.StatusAccepted).Status)
			require.Equal(t, "true", answer.Header.Get("Idempotency-Replayed"))
		})
	}

	t.Run("RefusesAnotherBody", func(t *testing.T) {
		t.Parallel()
		b, _ := setupClosed(t, closed)
		b.post(t, goodBody)
		b.post(t, quantity("3")).refused(t, http.StatusUnprocessableEntity, place.KeyReused)
	})

	t.Run("NeverConfirmsABodyThatItCannotCompare", func(t *testing.T) {
		t.Parallel()
		b, _ := setupClosed(t, closed)
		b.temporal.input = func(string) (workflows.Input, error) { return workflows.Input{}, serviceerror.NewUnavailable("down") }
		b.post(t, goodBody).refused(t, http.StatusServiceUnavailable, place.PlacementUnknown)
		b.temporal.input = func(string) (workflows.Input, error) { return workflows.Input{}, nil }
		b.post(t, goodBody).refused(t, http.StatusServiceUnavailable, place.PlacementUnknown)
	})

	t.Run("StartsAnOrderAnewThatWasStoppedBeforeItBegan", func(t *testing.T) {
		t.Parallel()
		for _, byHand := range []bool{false, true} {
			b, input := setupClosed(t, closed)
			first := b.temporal.place
			b.post(t, goodBody)
			b.temporal.place = func(ctx context.Context, s started) (workflows.PlaceResult, error) {
				if s.options.WorkflowIDReusePolicy == enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE {
					return first(ctx, s)
				}
				require.Equal(t, enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE_FAILED_ONLY, s.options.WorkflowIDReusePolicy)
				return firstWins(t)(ctx, s)
			}
			b.temporal.describe = func(context.Context, string) (*workflowservice.DescribeWorkflowExecutionResponse, error) {
				return &workflowservice.DescribeWorkflowExecutionResponse{WorkflowExecutionInfo: &workflowpb.WorkflowExecutionInfo{
					Status: enumspb.WORKFLOW_EXECUTION_STATUS_TERMINATED,
				}}, nil
			}
			if byHand {
				*input = workflows.Input{OrderID: "x"}
			}
			answer := b.post(t, goodBody)
			require.Equal(t, "PENDING", answer.order(t, http.StatusAccepted).Status)
			require.Empty(t, answer.Header.Get("Idempotency-Replayed"))
		}
	})
}
