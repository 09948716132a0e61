package api

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/api/problem"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/internal/orders/place"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/services/order/course"
	"github.com/amends/amends/services/query"
	"github.com/amends/amends/workflows"
)

var styles = []order.Style{order.Orchestrated, order.Choreographed}

// TestPlaceOrderInBothStyles: a placement means the same in both. The engine hears of the
// one style alone.
func TestPlaceOrderInBothStyles(t *testing.T) {
	t.Parallel()
	for _, style := range styles {
		other := styles[0]
		if style == other {
			other = styles[1]
		}
		setup := func(t *testing.T, change ...func(*Config)) (*testBundle, *records) {
			t.Helper()
			r := newRecords(0)
			b := setupRecorded(t, r, append(change, byDefault(style))...)
			b.temporal.start, b.temporal.query = r.start, unknownTo(r)
			b.temporal.describe = described(t, enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING, nil)
			return b, r
		}
		name := strings.ToUpper(string(style[0])) + string(style[1:])

		t.Run(name+"IsPlacedOnceHoweverOftenItIsAsked", func(t *testing.T) {
			t.Parallel()
			b, r := setup(t)
			first := b.post(t, goodBody)
			o := first.order(t, http.StatusAccepted)
			require.Equal(t, firstOrder, o.Id)
			require.Equal(t, contract.Style(style), o.Style)
			require.Equal(t, contract.SourceRecord, o.Source)
			require.Equal(t, "PENDING", o.Status)
			require.Empty(t, first.Header.Values("Idempotency-Replayed"))
			require.Equal(t, firstOrder+":1", first.Header.Get("Amends-Version"))
			var all sync.WaitGroup
			for range 20 {
				all.Go(func() {
					again := b.post(t, goodBody)
					if o := again.order(t, http.StatusAccepted); o.Id != firstOrder || o.Style != contract.Style(style) {
						t.Errorf("another order: %s", again.text)
					}
					if again.Header.Get("Idempotency-Replayed") != "true" {
						t.Error("not a replay")
					}
				})
			}
			all.Wait()
			require.Len(t, r.written, 1)
			require.Equal(t, map[string]int{string(style): 1}, b.placed.of())
			if style == order.Choreographed {
				require.Zero(t, r.starts)
				require.Zero(t, b.temporal.count("place"))
				require.Equal(t, 10*time.Minute, r.written[firstOrder].Placement.DecideBy.Sub(r.written[firstOrder].Placement.PlacedAt))
			}
		})

		t.Run(name+"StaysWhateverARepeatAsksFor", func(t *testing.T) {
			t.Parallel()
			b, r := setup(t)
			b.post(t, goodBody).order(t, http.StatusAccepted)
			again := b.post(t, styled(goodBody, other))
			require.Equal(t, contract.Style(style), again.order(t, http.StatusAccepted).Style)
			require.Equal(t, "true", again.Header.Get("Idempotency-Replayed"))
			require.Len(t, r.written, 1)
			require.Equal(t, style, (order.Record{Placement: r.written[firstOrder].Placement}).Style())
		})

		t.Run(name+"IsTakenFromTheRequestBeforeTheSetting", func(t *testing.T) {
			t.Parallel()
			b, _ := setup(t, byDefault(other))
			require.Equal(t, contract.Style(style), b.post(t, styled(goodBody, style)).order(t, http.StatusAccepted).Style)
		})

		t.Run(name+"RefusesItsKeyForAnotherRequest", func(t *testing.T) {
			t.Parallel()
			b, _ := setup(t)
			b.post(t, goodBody).order(t, http.StatusAccepted)
			b.post(t, quantity("3")).refused(t, http.StatusUnprocessableEntity, place.KeyReused)
			b.post(t, styled(quantity("3"), other)).refused(t, http.StatusUnprocessableEntity, place.KeyReused)
			b.post(t, withContact).refused(t, http.StatusUnprocessableEntity, place.KeyReused)
		})

		t.Run(name+"KeepsTheContactOfAGuest", func(t *testing.T) {
			t.Parallel()
			b, r := setup(t)
			b.post(t, withContact).order(t, http.StatusAccepted)
			kept := r.contacts[[2]string{firstOrder, r.written[firstOrder].Placement.Fingerprint}]
			require.Equal(t, "ada@canary.example", kept.Email)
			require.NotContains(t, b.logs.String(), "canary")
		})

		t.Run(name+"IsTurnedAwayUnderLoad", func(t *testing.T) {
			t.Parallel()
			b, r := setup(t, func(c *Config) { c.Orders.Admission.Wait, c.Orders.Admission.Least, c.Orders.Admission.Most = 0, 1, 1 })
			held := make(chan struct{})
			r.fail = func(context.Context) error { <-held; return nil }
			var first sync.WaitGroup
			first.Go(func() { b.post(t, goodBody) })
			require.Eventually(t, func() bool { return b.server.Admission(t.Context()).InFlight == 1 }, 10*time.Second, time.Millisecond)
			b.post(t, goodBody).refused(t, http.StatusServiceUnavailable, place.Overloaded)
			close(held)
			first.Wait()
		})
	}
}

func TestPlaceOrderRefusesAStyleThatThereIsNot(t *testing.T) {
	t.Parallel()
	for _, wrong := range []string{`"improvised"`, `""`, `"Choreographed"`} {
		b := setupRecorded(t, newRecords(0))
		p := b.post(t, strings.Replace(goodBody, `"currency"`, `"style": `+wrong+`, "currency"`, 1)).
			refused(t, http.StatusUnprocessableEntity, problem.ValidationFailed)
		require.Equal(t, "/style", (*p.Errors)[0].Pointer)
	}
}

func TestChoreographedOrders(t *testing.T) {
	t.Parallel()
	at := "/v1/orders/" + firstOrder
	become := func(t *testing.T, r *records, status order.Status) {
		t.Helper()
		r.mu.Lock()
		defer r.mu.Unlock()
		rec := r.written[firstOrder]
		if err := end(&rec, status); err != nil {
			t.Error(err)
		}
		r.written[firstOrder] = rec
	}

	t.Run("AreReadAsFarAsTheyHaveCome", func(t *testing.T) {
		t.Parallel()
		b, r := choreographed(t)
		b.post(t, goodBody)
		rec, heard := r.written[firstOrder], time.Now().UTC().Truncate(time.Second)
		price := money.New(100, "EUR")
		quoted := order.Quote{Total: money.New(300, "EUR"), Lines: []order.TakenLine{{SKU: "MUG-STONEWARE", Quantity: 2, UnitPrice: &price}}}
		course.KeepQuote(&rec, quoted, rec.CreatedAt, order.TakenStep{Name: "catalog.quote", State: "done", EndedAt: heard})
		r.written[firstOrder] = rec
		o := b.do(t, http.MethodGet, at, "").order(t, http.StatusOK)
		require.Equal(t, contract.SourceRecord, o.Source)
		require.Equal(t, contract.Style("choreographed"), o.Style)
		require.Equal(t, "PENDING", o.Status)
		require.EqualValues(t, 300, o.Total.Amount)
		require.EqualValues(t, 100, o.Lines[0].UnitPrice.Amount)
		require.False(t, o.NeedsAttention, "no workflow is normal")
		require.Equal(t, []string{"order.create", "catalog.quote"}, []string{o.Steps[0].Name, o.Steps[1].Name})
		require.Equal(t, heard, o.UpdatedAt)
	})

	t.Run("AreReadWithoutAnEngine", func(t *testing.T) {
		t.Parallel()
		b, _ := choreographed(t, quick)
		b.post(t, goodBody)
		b.temporal.query = silent
		b.temporal.describe = func(context.Context, string) (*workflowservice.DescribeWorkflowExecutionResponse, error) {
			return nil, serviceerror.NewUnavailable("down")
		}
		require.Equal(t, contract.Style("choreographed"), b.do(t, http.MethodGet, at, "").order(t, http.StatusOK).Style)
	})

	t.Run("OfAccountsNeverAskTheEngine", func(t *testing.T) {
		t.Parallel()
		r, m := newRecords(0), newModel()
		b := modelled(t, m, byDefault(order.Choreographed), func(c *Config) { c.Orders.Records = r })
		asked := []string{asOwner, "Content-Type: application/json", "Idempotency-Key: k"}
		o := b.do(t, http.MethodPost, "/v1/orders", goodBody, append(asked, "Prefer: wait=1")...).order(t, http.StatusAccepted)
		require.Equal(t, accountsOrder, o.Id)
		known := told(accountsOrder, "cus_42", query.Pending, 1)
		known.Order.Style = string(order.Choreographed)
		m.tell(known)
		require.Equal(t, contract.SourceRecord, b.do(t, http.MethodGet, "/v1/orders/"+accountsOrder, "", asOwner).order(t, http.StatusOK).Source)
		for _, call := range []string{"health", "query", "describe", "start", "place"} {
			require.Zero(t, b.temporal.count(call), call)
		}
	})

	t.Run("HideTheWorkflowThatMetTheirRecord", func(t *testing.T) {
		t.Parallel()
		b, r := choreographed(t)
		b.post(t, goodBody)
		b.temporal.query = func(context.Context, string) (workflows.OrderView, error) {
			v := view(firstOrder, workflows.StatusPending)
			v.Style = order.Choreographed
			return v, nil
		}
		become(t, r, order.Confirmed)
		require.Equal(t, "CONFIRMED", b.do(t, http.MethodGet, at, "").order(t, http.StatusOK).Status)
	})

	t.Run("AreWaitedFor", func(t *testing.T) {
		t.Parallel()
		b, r := choreographed(t)
		b.post(t, goodBody)
		time.AfterFunc(50*time.Millisecond, func() { become(t, r, order.Confirmed) })
		got := b.post(t, goodBody, "Prefer: wait=20")
		require.Equal(t, "CONFIRMED", got.order(t, http.StatusOK).Status)
		require.Equal(t, "wait=20", got.Header.Get("Preference-Applied"))
	})

	t.Run("AreAnsweredAsTheyStandWhenTheWaitIsOver", func(t *testing.T) {
		t.Parallel()
		b, _ := choreographed(t)
		require.Equal(t, "PENDING", b.post(t, goodBody, "Prefer: wait=1").order(t, http.StatusAccepted).Status)
	})

	t.Run("MayHaveBeenPlacedByACallWithoutAnAnswer", func(t *testing.T) {
		t.Parallel()
		b, r := choreographed(t)
		r.fail = func(context.Context) error { return fault.Errorf(fault.Unknown, fault.Timeout, "no answer in time") }
		answer := b.post(t, goodBody)
		answer.refused(t, http.StatusServiceUnavailable, place.PlacementUnknown)
		require.Equal(t, at, answer.Header.Get("Location"))
		require.Less(t, b.server.Admission(t.Context()).Limit, 16, "no answer is the slowest of all")
		r.fail = nil
		again := b.post(t, goodBody)
		require.Equal(t, firstOrder, again.order(t, http.StatusAccepted).Id)
		require.Equal(t, "true", again.Header.Get("Idempotency-Replayed"))
	})

	t.Run("AreNotPlacedWithoutTheOrderService", func(t *testing.T) {
		t.Parallel()
		b, r := choreographed(t)
		r.fail = func(context.Context) error { return fault.Errorf(fault.Transient, fault.Unavailable, "no instance") }
		for range 6 { // the last ones are not asked
			answer := b.post(t, goodBody)
			answer.refused(t, http.StatusServiceUnavailable, fault.Unavailable)
			require.Empty(t, answer.Header.Get("Location"))
		}
		require.Empty(t, r.written)
		require.Zero(t, r.starts, "it is not placed in another style instead")
	})

	t.Run("AreNotPlacedWhereTheOrderServiceIsUnknown", func(t *testing.T) {
		t.Parallel()
		b := setup(t, byDefault(order.Choreographed))
		b.post(t, goodBody).refused(t, http.StatusServiceUnavailable, fault.Unavailable)
	})
}

func TestCancelAChoreographedOrder(t *testing.T) {
	t.Parallel()
	cancel := func(t *testing.T, b *testBundle) response {
		t.Helper()
		return b.do(t, http.MethodPost, "/v1/orders/"+firstOrder+"/cancel", "", "Content-Type: application/json")
	}
	placed := func(t *testing.T, then func(*order.Record)) (*testBundle, *records) {
		t.Helper()
		b, r := choreographed(t, quick)
		r.then = then
		b.post(t, goodBody).order(t, http.StatusAccepted)
		return b, r
	}
	for name, c := range map[string]struct {
		then   func(*order.Record)
		status int
		code   fault.Code // empty: an order
	}{
		"IsAcceptedOnceTheAbortIsDecided": {func(r *order.Record) { r.Decided = order.CustomerRequest }, http.StatusAccepted, ""},
		"IsDoneOnceNothingIsHeld":         {func(r *order.Record) { _ = end(r, order.Cancelled) }, http.StatusOK, ""},
		"IsRefusedBehindThePayment":       {func(r *order.Record) { _ = end(r, order.Confirmed) }, http.StatusConflict, saga.PastPivot},
		"IsNotPromisedWhileItIsInDoubt":   {nil, http.StatusServiceUnavailable, fault.Unavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, r := placed(t, c.then)
			for range 2 {
				answer := cancel(t, b)
				if c.code != "" {
					answer.refused(t, c.status, c.code)
				} else {
					require.Equal(t, contract.Style("choreographed"), answer.order(t, c.status).Style)
				}
			}
			require.Equal(t, order.CustomerRequest, r.written[firstOrder].Course.Asked)
			require.Zero(t, b.temporal.count("cancel"))
		})
	}

	t.Run("ReachesTheRecordThatAWorkflowHasMet", func(t *testing.T) {
		t.Parallel()
		for name, refusal := range map[string]error{
			"WhileItRan":      temporal.NewApplicationError("too late", string(saga.PastPivot)),
			"WhenItHadEnded":  temporal.NewApplicationError("ended", string(saga.AlreadyDecided)),
			"WhenItWasClosed": serviceerror.NewNotFound("closed"),
		} {
			b, _ := placed(t, func(r *order.Record) { r.Decided = order.CustomerRequest })
			met := false
			b.temporal.query = func(context.Context, string) (workflows.OrderView, error) {
				v := view(firstOrder, workflows.StatusPending)
				if met {
					v.Style = order.Choreographed
				}
				return v, nil
			}
			b.temporal.describe = described(t, enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING, nil)
			b.temporal.cancel = func(context.Context, client.UpdateWorkflowOptions) (saga.CancelResult, error) {
				met = true
				return saga.CancelResult{}, refusal
			}
			require.Equal(t, http.StatusAccepted, cancel(t, b).StatusCode, name)
		}
	})

	t.Run("SaysWhatIsKnownWithoutAnAnswer", func(t *testing.T) {
		t.Parallel()
		for kind, says := range map[fault.Kind]string{fault.Transient: "Nothing was started", fault.Unknown: "It is not known whether"} {
			b, r := placed(t, nil)
			r.unheard = fault.Errorf(kind, fault.Unavailable, "no answer")
			p := cancel(t, b).refused(t, http.StatusServiceUnavailable, fault.Unavailable)
			require.Contains(t, *p.Detail, says)
		}
	})
}
