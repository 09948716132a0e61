package api

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/api/problem"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/orders/identity"
	"github.com/amends/amends/services/query"
	"github.com/amends/amends/workflows"
)

// engineAway makes every question to the engine fail.
func (b *testBundle) engineAway() {
	b.temporal.query = func(context.Context, string) (workflows.OrderView, error) {
		return workflows.OrderView{}, serviceerror.NewUnavailable("10.0.0.7 is down")
	}
	b.temporal.describe = func(context.Context, string) (*workflowservice.DescribeWorkflowExecutionResponse, error) {
		return nil, serviceerror.NewUnavailable("10.0.0.7 is down")
	}
}

// forgotten is an engine past its retention.
func forgotten(context.Context, string) (workflows.OrderView, error) {
	return workflows.OrderView{}, serviceerror.NewNotFound("no such workflow")
}

func TestGetOrderFromTheReadModel(t *testing.T) {
	t.Parallel()
	get := func(t *testing.T, b *testBundle, header ...string) response {
		t.Helper()
		return b.do(t, http.MethodGet, "/v1/orders/"+accountsOrder, "", append(header, asOwner)...)
	}
	model := func(status query.Status, version int64) *fakeModel {
		m := newModel()
		m.tell(told(accountsOrder, "cus_42", status, version))
		return m
	}

	t.Run("ADecidedOrderNeedsNoEngine", func(t *testing.T) {
		t.Parallel()
		b := modelled(t, model(query.Confirmed, 4)) // whose engine expects no question
		answer := get(t, b)
		o := answer.order(t, http.StatusOK)
		require.Equal(t, contract.SourceReadModel, o.Source)
		require.Equal(t, "CONFIRMED", o.Status)
		require.Equal(t, modelAsOf, *o.AsOf)
		require.Equal(t, "order.create", o.Steps[0].Name)
		require.Equal(t, int64(1850), o.Lines[0].UnitPrice.Amount)
		require.Equal(t, accountsOrder+":4", answer.Header.Get("Amends-Version"))
		require.Equal(t, "2026-01-02T03:04:06.007Z", answer.Header.Get("Amends-As-Of"))
		require.Equal(t, http.StatusOK, b.do(t, http.MethodGet, "/v1/orders/"+accountsOrder+"/overview", "", asOwner).StatusCode)
		require.Empty(t, b.temporal.calls, "calls of the engine")
	})

	t.Run("AnUndecidedOrderIsTheWorkflows", func(t *testing.T) {
		t.Parallel()
		b := modelled(t, model(query.Pending, 1))
		b.temporal.query = knows(workflows.StatusCancelled)
		answer := get(t, b)
		o := answer.order(t, http.StatusOK)
		require.Equal(t, contract.SourceWorkflow, o.Source)
		require.Equal(t, "CANCELLED", o.Status)
		require.Nil(t, o.AsOf)
		require.Empty(t, answer.Header.Get("Amends-As-Of"))
	})

	t.Run("AnUndecidedOrderIsTheReadModelsWhileTheEngineIsAway", func(t *testing.T) {
		t.Parallel()
		b := modelled(t, model(query.Pending, 1), quick)
		b.engineAway()
		o := get(t, b).order(t, http.StatusOK)
		require.Equal(t, contract.SourceReadModel, o.Source)
		require.Equal(t, "PENDING", o.Status)
	})

	t.Run("TheEngineMayForget", func(t *testing.T) {
		t.Parallel()
		m := model(query.Pending, 1)
		b := modelled(t, m)
		b.temporal.query = forgotten
		require.Equal(t, contract.SourceReadModel, get(t, b).order(t, http.StatusOK).Source)
		m.down()
		get(t, b).refused(t, http.StatusServiceUnavailable, fault.Unavailable) // 404 would be a guess
		m.fail = nil
		m.change(func() { clear(m.orders) })
		get(t, b).refused(t, http.StatusNotFound, fault.NotFound)
	})

	t.Run("TheReadModelIsNotNeeded", func(t *testing.T) {
		t.Parallel()
		m := newModel()
		b := modelled(t, m)
		b.temporal.query = knows(workflows.StatusConfirmed)
		for _, fail := range []func(context.Context) error{
			nil, // it does not know the order yet
			func(context.Context) error { return fault.Errorf(fault.Transient, fault.Unavailable, "away") },
			func(ctx context.Context) error { // it hangs
				<-ctx.Done()
				return ctx.Err()
			},
		} {
			m.fail = fail
			require.Equal(t, contract.SourceWorkflow, get(t, b).order(t, http.StatusOK).Source)
		}
	})

	t.Run("IsForThoseWhoMaySeeIt", func(t *testing.T) {
		t.Parallel()
		a := newAccounts(t)
		b := fronted(t, a, true)
		m, ok := b.server.model.(*fakeModel)
		require.True(t, ok)
		m.tell(told(accountsOrder, "cus_42", query.Confirmed, 4), told(someOrder, "cus_42", query.Confirmed, 4))
		b.temporal.query = nil
		at := func(order, header string) response {
			return b.do(t, http.MethodGet, "/v1/orders/"+order, "", header)
		}
		claim := "Amends-Claim: " + identity.NewGuests(guestSecret).Claim(someOrder)
		require.Equal(t, http.StatusOK, at(accountsOrder, asOwner).StatusCode)
		require.Equal(t, http.StatusOK, at(someOrder, claim).StatusCode)
		for order, header := range map[string]string{someOrder: asOwner, accountsOrder: claim} { // a guest may name any customer
			at(order, header).refused(t, http.StatusNotFound, fault.NotFound)
		}
		for _, who := range [][]string{supportScopes, operatorScopes} {
			require.Equal(t, http.StatusOK, at(accountsOrder, a.sign(t, "staff_1", "s3", time.Now(), who...)).StatusCode)
		}
		at(accountsOrder, a.sign(t, "cus_43", "s2", time.Now(), customerScopes...)).refused(t, http.StatusNotFound, fault.NotFound)
	})
}

func TestReadYourWrites(t *testing.T) {
	t.Parallel()
	const soon = "Prefer: wait=30"
	minVersion := "Amends-Min-Version: " + accountsOrder + ":1"
	list := func(t *testing.T, b *testBundle, header ...string) contract.OrderList {
		t.Helper()
		return into[contract.OrderList](t, b.do(t, http.MethodGet, "/v1/orders?limit=100", "", append(header, asOwner)...))
	}
	get := func(t *testing.T, b *testBundle, header ...string) response {
		t.Helper()
		return b.do(t, http.MethodGet, "/v1/orders/"+accountsOrder, "", append(header, asOwner)...)
	}

	t.Run("APlacementTellsItsVersion", func(t *testing.T) {
		t.Parallel()
		b := modelled(t, newModel())
		b.temporal.place, b.temporal.query = firstWins(t), knows(workflows.StatusConfirmed)
		for range 2 { // also repeated
			answer := b.do(t, http.MethodPost, "/v1/orders", goodBody, asOwner, asJSONBody, "Idempotency-Key: k")
			require.Equal(t, accountsOrder+":1", answer.Header.Get("Amends-Version"))
		}
	})

	t.Run("AListWaitsForTheOrder", func(t *testing.T) {
		t.Parallel()
		m := newModel()
		b := modelled(t, m)
		time.AfterFunc(50*time.Millisecond, func() { m.tell(told(accountsOrder, "cus_42", query.Pending, 1)) })
		page := list(t, b, minVersion, soon)
		require.Equal(t, []string{accountsOrder}, idsOf(page.Orders))
		require.Nil(t, page.Stale)
	})

	t.Run("AListThatCannotWaitSaysThatItIsStale", func(t *testing.T) {
		t.Parallel()
		m := newModel()
		b := modelled(t, m)
		page := list(t, b, minVersion)
		require.Empty(t, page.Orders)
		require.True(t, *page.Stale)
		m.tell(told(accountsOrder, "cus_42", query.Pending, 1))
		require.Nil(t, list(t, b, minVersion).Stale)
		require.True(t, *list(t, b, "Amends-Min-Version: "+accountsOrder+":2").Stale)
	})

	t.Run("OfAnOrderOfAnotherAListTellsNothing", func(t *testing.T) {
		t.Parallel()
		m := newModel()
		foreign := identity.Order("cus_43", "k")
		m.tell(told(foreign, "cus_43", query.Confirmed, 4), told(someOrder, "cus_42", query.Confirmed, 4))
		b := modelled(t, m)
		for _, order := range []string{foreign, someOrder} {
			start := time.Now()
			require.True(t, *list(t, b, "Amends-Min-Version: "+order+":1").Stale)
			require.GreaterOrEqual(t, time.Since(start), time.Second, "as long as for one that does not exist")
		}
	})

	t.Run("OfAnOrderOfAnotherAReadTellsNothing", func(t *testing.T) {
		t.Parallel()
		m := newModel()
		foreign := identity.Order("cus_43", "k")
		m.tell(told(foreign, "cus_43", query.Confirmed, 4))
		b := modelled(t, m)
		b.temporal.query = forgotten
		for _, version := range []string{foreign + ":1", foreign + ":9", identity.Order("cus_43", "none") + ":9"} {
			order, _, _ := strings.Cut(version, ":")
			start := time.Now()
			b.do(t, http.MethodGet, "/v1/orders/"+order, "", asOwner, "Amends-Min-Version: "+version, soon).refused(t, http.StatusNotFound, fault.NotFound)
			require.Less(t, time.Since(start), 20*time.Second, "none is waited for")
		}
	})

	t.Run("AnOrderWaitsForTheVersion", func(t *testing.T) {
		t.Parallel()
		m := newModel()
		m.tell(told(accountsOrder, "cus_42", query.Pending, 1))
		b := modelled(t, m, quick)
		b.engineAway()
		time.AfterFunc(50*time.Millisecond, func() { m.tell(told(accountsOrder, "cus_42", query.Confirmed, 3)) })
		o := get(t, b, "Amends-Min-Version: "+accountsOrder+":2", soon).order(t, http.StatusOK)
		require.Equal(t, "CONFIRMED", o.Status)
		require.Nil(t, o.Stale)
	})

	t.Run("AnOrderThatCannotWaitSaysThatItIsStale", func(t *testing.T) {
		t.Parallel()
		m := newModel()
		m.tell(told(accountsOrder, "cus_42", query.Pending, 1))
		b := modelled(t, m, quick)
		b.engineAway()
		require.True(t, *get(t, b, "Amends-Min-Version: "+accountsOrder+":2").order(t, http.StatusOK).Stale)
		m.down()
		get(t, b, minVersion).refused(t, http.StatusServiceUnavailable, fault.Unavailable)
	})

	t.Run("AReadModelThatHangsIsNotWaitedForLonger", func(t *testing.T) {
		t.Parallel()
		m := newModel()
		m.fail = func(ctx context.Context) error {
			<-ctx.Done()
			return ctx.Err()
		}
		b := modelled(t, m, quick)
		b.engineAway()
		start := time.Now()
		get(t, b, minVersion).refused(t, http.StatusServiceUnavailable, fault.Unavailable)
		b.do(t, http.MethodGet, "/v1/orders", "", asOwner).refused(t, http.StatusServiceUnavailable, fault.Unavailable)
		require.Less(t, time.Since(start), 20*time.Second, "the routes have 35 s")
	})

	t.Run("TheWorkflowIsNeverOlder", func(t *testing.T) {
		t.Parallel()
		b := modelled(t, newModel())
		b.temporal.query = knows(workflows.StatusPending)
		b.temporal.describe = func(context.Context, string) (*workflowservice.DescribeWorkflowExecutionResponse, error) {
			return nil, serviceerror.NewUnavailable("it adds nothing")
		}
		o := get(t, b, "Amends-Min-Version: "+accountsOrder+":9", soon).order(t, http.StatusOK)
		require.Equal(t, contract.SourceWorkflow, o.Source)
		require.Nil(t, o.Stale)
	})

	t.Run("AVersionIsOneThatWasAnswered", func(t *testing.T) {
		t.Parallel()
		b := modelled(t, newModel())
		for _, wrong := range []string{"", "1", accountsOrder, accountsOrder + ":", accountsOrder + ":0", accountsOrder + ":-1", accountsOrder + ":01", accountsOrder + ":x", "x:1", accountsOrder + ":9223372036854775808"} {
			for _, path := range []string{"/v1/orders", "/v1/orders/" + accountsOrder} {
				b.do(t, http.MethodGet, path, "", asOwner, "Amends-Min-Version: "+wrong).refused(t, http.StatusBadRequest, problem.BadRequest)
			}
		}
	})

	t.Run("AReadNeverLies", func(t *testing.T) {
		t.Parallel()
		m := newModel()
		b := modelled(t, m, quick)
		b.engineAway()
		var readers sync.WaitGroup
		for i := range 4 { // each places, and reads while the projector lags
			readers.Go(func() {
				for n := range 20 {
					id := identity.Order("cus_42", fmt.Sprint(i, " ", n))
					time.AfterFunc(time.Duration(n%5)*5*time.Millisecond, func() { m.tell(told(id, "cus_42", query.Confirmed, 2)) })
					version := "Amends-Min-Version: " + id + ":1"
					page := list(t, b, version)
					if page.Stale == nil && !slices.Contains(idsOf(page.Orders), id) {
						t.Errorf("the list is older than the placement of %s, and does not say so", id)
					}
					o := b.do(t, http.MethodGet, "/v1/orders/"+id, "", asOwner, version).order(t, http.StatusOK)
					if o.Stale == nil && o.Status != "CONFIRMED" {
						t.Errorf("the order %s is older than its placement, and does not say so", id)
					}
				}
			})
		}
		readers.Wait()
	})
}
