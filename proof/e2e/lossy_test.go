package e2e_test

import (
	"context"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/serviceerror"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/amends/amends/api"
	"github.com/amends/amends/api/operator"
	"github.com/amends/amends/internal/dev/temporal"
	"github.com/amends/amends/internal/doctor"
	"github.com/amends/amends/internal/engine"
	"github.com/amends/amends/internal/engine/namespace"
	"github.com/amends/amends/internal/orders/attribute"
	"github.com/amends/amends/proof/enginetest/lossy"
	"github.com/amends/amends/services/order"
	doctorflow "github.com/amends/amends/workflows/doctor"
)

// refusals are answers that prove that the call they answer changed nothing, and say
// nothing of an earlier one.
var refusals = map[string]error{
	"NamespaceNotFound": serviceerror.NewNamespaceNotFound("default").(interface{ Status() *status.Status }).Status().Err(), //nolint:forcetypeassert,errcheck // it has one
	"InvalidArgument":   status.Error(codes.InvalidArgument, "search attribute AmendsCustomer is not defined"),
	"PermissionDenied":  status.Error(codes.PermissionDenied, "ExecuteMultiOperation API is disabled on this namespace."),
	"Unauthenticated":   status.Error(codes.Unauthenticated, "the token has expired"),
	"Unimplemented":     status.Error(codes.Unimplemented, "unknown method"),
}

// behind starts an API and its admin address, which reach the engine through a proxy.
func (p *platform) behind(t *testing.T, options ...api.Option) (*lossy.Proxy, shopper, string) {
	t.Helper()
	proxy := lossy.Start(t, devServer.Address)
	e, err := engine.Dial(engine.Options{Address: proxy.Address, Isolated: true})
	require.NoError(t, err)
	t.Cleanup(e.Close)
	c := api.DefaultConfig()
	c.GuestSecret = guestSecret
	c.Orders.Queue = p.queues["order"]
	a, err := api.New(c, e.Client, append(options, api.WithLogger(slog.New(slog.DiscardHandler)))...)
	require.NoError(t, err)
	public := httptest.NewServer(a)
	t.Cleanup(public.Close)
	admin := httptest.NewServer(api.NewAdmin(api.Admin{
		Repairs: a, Operators: []operator.Operator{{Name: "night", Secret: "night-night-night-1"}}, Logger: slog.New(slog.DiscardHandler),
	}))
	t.Cleanup(admin.Close)
	return proxy, shopper{public.URL}, admin.URL
}

// The engine has the order, the answer is lost, and the SDK's own repeat is refused.
// A client that believed "nothing was started" would take a fresh key and pay twice.
func TestAPlacementWhoseAnswerIsLostIsUnknown(t *testing.T) {
	t.Parallel()
	p := newPlatform(t, 10*time.Minute)

	for how, method := range map[string]string{"ByItsRecord": "StartWorkflowExecution", "ByItsWorkflow": "ExecuteMultiOperation"} {
		var options []api.Option
		if how == "ByItsRecord" {
			options = append(options, api.WithOrders(p.Orders))
		}
		for name, refusal := range refusals {
			t.Run(how+"Then"+name, func(t *testing.T) {
				t.Parallel()
				proxy, shop, _ := p.behind(t, options...)
				proxy.Lose(method, 1, refusal)
				key := uuid.NewString()
				r := placed(t, proxy, method, shop, key)
				require.Equal(t, 2, proxy.Calls(method), "the SDK repeats the call")
				require.Equal(t, http.StatusServiceUnavailable, r.status)
				require.Equal(t, "PLACEMENT_UNKNOWN", r.code)
				id := strings.TrimPrefix(r.header.Get("Location"), "/v1/orders/")
				require.Equal(t, confirmed, decided(t, id).Status, "it is confirmed and paid")

				proxy.Mend()
				again := shop.insist(t, key, "wait=30", placement())
				require.Equal(t, http.StatusOK, again.status)
				require.Equal(t, id, again.order.ID)
				require.Equal(t, "true", again.header.Get("Idempotency-Replayed"))
			})
			t.Run(how+"NotWithoutAnEarlierCall"+name, func(t *testing.T) {
				t.Parallel()
				proxy, shop, _ := p.behind(t, options...)
				proxy.Lose(method, 0, refusal)
				r := placed(t, proxy, method, shop, uuid.NewString())
				require.Equal(t, 1, proxy.Calls(method))
				require.Equal(t, http.StatusServiceUnavailable, r.status)
				require.Equal(t, "UNAVAILABLE", r.code, "nothing was started, and that is a fact")
				require.Empty(t, r.header.Get("Location"))
			})
		}
	}
}

// placed places an order until the engine is called to start it: on a busy machine an API may
// find before that it has no time for it.
func placed(t *testing.T, proxy *lossy.Proxy, method string, shop shopper, key string) (r reply) {
	t.Helper()
	eventually(t, method+" is called", func() bool {
		r = shop.place(t, key, "", placement())
		return proxy.Calls(method) > 0
	})
	return r
}

// told sends a request until the engine is called with an update of a saga.
func told(t *testing.T, proxy *lossy.Proxy, request func() *http.Request) (code int, text string) {
	t.Helper()
	eventually(t, "the saga is called", func() bool {
		code, text = said(t, request())
		return proxy.Calls("UpdateWorkflowExecution") > 0
	})
	return code, text
}

// A cancel that arrived and whose answer is lost is never answered as one that did not
// arrive, and its repeat is one cancel.
//
//nolint:tparallel // the orders are judged when all have been cancelled
func TestACancelWhoseAnswerIsLostIsUnknown(t *testing.T) {
	t.Parallel()
	p := newPlatform(t, 10*time.Minute)
	p.stop("shipping") // so that the orders stay undecided

	answers := maps.Clone(refusals)
	answers["NotFound"] = status.Error(codes.NotFound, "workflow not found")
	var orders sync.Map
	t.Run("Until", func(t *testing.T) {
		for name, refusal := range answers {
			t.Run("Then"+name, func(t *testing.T) {
				t.Parallel()
				proxy, shop, _ := p.behind(t)
				id := p.place(t, "", "", placement()).order.ID
				orders.Store(name, id)
				proxy.Lose("UpdateWorkflowExecution", 1, refusal)
				code, text := told(t, proxy, func() *http.Request { return shop.cancelRequest(t, id) })
				require.Equal(t, 2, proxy.Calls("UpdateWorkflowExecution"), "the SDK repeats the call")
				require.Equal(t, http.StatusServiceUnavailable, code, text)
				require.Contains(t, text, "It is not known whether the cancel arrived.")
				proxy.Mend()
				require.Equal(t, http.StatusAccepted, unhurried(t, func() reply { return shop.cancel(t, id) }).status)
			})
		}
		t.Run("NotWithoutAnEarlierCall", func(t *testing.T) {
			t.Parallel()
			proxy, shop, _ := p.behind(t)
			id := p.place(t, "", "", placement()).order.ID
			proxy.Lose("UpdateWorkflowExecution", 0, refusals["PermissionDenied"])
			code, text := told(t, proxy, func() *http.Request { return shop.cancelRequest(t, id) })
			require.Equal(t, http.StatusServiceUnavailable, code)
			require.Contains(t, text, "Nothing was started by this request.")
			proxy.Mend()
			require.Equal(t, http.StatusAccepted, unhurried(t, func() reply { return shop.cancel(t, id) }).status)
			orders.Store("", id)
		})
	})
	p.start(t, "shipping")
	orders.Range(func(_, id any) bool {
		require.Equal(t, order.CustomerRequest, decided(t, id.(string)).Reason) //nolint:forcetypeassert,errcheck // a test that panics fails
		return true
	})
	require.NoError(t, p.Check(t.Context()))
}

// The saga has made the repair, and the operator is not told that it has not.
func TestARepairWhoseAnswerIsLostIsUnknown(t *testing.T) {
	t.Parallel()
	p := newPlatform(t, 10*time.Minute)
	money, _ := p.through(t, impatient)
	money.mute.Store(true)
	id := p.place(t, "", "", placement()).order.ID
	stuckAt(t, id, "payment.authorize")
	proxy, _, admin := p.behind(t)
	for name, refusal := range map[string]error{
		"NotFound": status.Error(codes.NotFound, "workflow not found"), "PermissionDenied": refusals["PermissionDenied"],
	} {
		proxy.Lose("UpdateWorkflowExecution", 1, refusal)
		code, text := told(t, proxy, func() *http.Request {
			return operators(t, admin, id, `{"step": "payment.authorize", "action": "retry", "reason": "it is back"}`)
		})
		require.Equal(t, 2, proxy.Calls("UpdateWorkflowExecution"), name)
		require.Equal(t, http.StatusServiceUnavailable, code, name+text)
		require.Contains(t, text, "It is not known whether the repair arrived.", name)
	}
	eventually(t, "it has", func() bool { return len(ask(t, id).Repairs) > 0 })
	money.mute.Store(false)
	proxy.Mend()
	eventually(t, "it is made, or the order went on by itself", func() bool {
		code, text := said(t, operators(t, admin, id, `{"step": "payment.authorize", "action": "retry", "reason": "it is back"}`))
		require.Contains(t, []int{http.StatusOK, http.StatusAccepted, http.StatusConflict, http.StatusServiceUnavailable}, code, text)
		return code != http.StatusServiceUnavailable
	})
	require.Equal(t, confirmed, p.recovered(t, id).Status)
}

func TestAnAcknowledgementWhoseAnswerIsLostIsUnknown(t *testing.T) {
	t.Parallel()
	p := newPlatform(t, 10*time.Minute)
	id := p.place(t, "", "wait=30", placement()).order.ID
	proxy, _, admin := p.behind(t)
	proxy.Lose("StartWorkflowExecution", 1, refusals["NamespaceNotFound"])
	code, text := said(t, operators(t, admin, id, acknowledgement))
	require.Equal(t, http.StatusServiceUnavailable, code, text)
	require.Contains(t, text, "It is not known whether the acknowledgement arrived.")
	proxy.Lose("StartWorkflowExecution", 0, refusals["NamespaceNotFound"])
	_, text = said(t, operators(t, admin, id, acknowledgement))
	require.Contains(t, text, "Nothing was started by this request.")
	proxy.Mend()
	code, _ = said(t, operators(t, admin, id, acknowledgement))
	require.Equal(t, http.StatusConflict, code, "it needs none")
}

// A doctor's run that has started is not reported as one that has not, and the next
// call finds it. The schedule, which the workers set until they are told that it is
// set, is set once.
func TestADoctorWhoseAnswerIsLostIsUnknown(t *testing.T) {
	t.Parallel()
	const shop = "lossy" // a namespace has one doctor
	direct, err := engine.Dial(engine.Options{Address: devServer.Address, Namespace: shop, Isolated: true})
	require.NoError(t, err)
	t.Cleanup(direct.Close)
	require.NoError(t, namespace.Register(t.Context(), direct, attribute.All, nil))
	proxy := lossy.Start(t, devServer.Address)
	e, err := engine.Dial(engine.Options{Address: proxy.Address, Namespace: shop, Isolated: true})
	require.NoError(t, err)
	t.Cleanup(e.Close)
	within := func(d time.Duration) context.Context {
		ctx, cancel := context.WithTimeout(t.Context(), d)
		t.Cleanup(cancel)
		return ctx
	}

	proxy.Lose("StartWorkflowExecution", 0, refusals["PermissionDenied"])
	_, err = doctor.Run(within(patience), e.Client, "amends-order", doctorflow.Input{})
	require.ErrorContains(t, err, "start the doctor: ExecuteMultiOperation API is disabled")
	proxy.Lose("StartWorkflowExecution", 1, refusals["NamespaceNotFound"])
	_, err = doctor.Run(within(patience), e.Client, "amends-order", doctorflow.Input{})
	require.ErrorContains(t, err, "it is not known whether it has started; a repeat waits for that run")
	run := func() string {
		d, err := direct.DescribeWorkflowExecution(t.Context(), doctorflow.WorkflowID, "")
		require.NoError(t, err)
		return d.GetWorkflowExecutionInfo().GetExecution().GetRunId()
	}
	first := run()
	proxy.Mend()
	_, err = doctor.Run(within(2*time.Second), e.Client, "amends-order", doctorflow.Input{}) // no worker runs it
	require.ErrorContains(t, err, "the doctor: ")
	require.Equal(t, first, run())

	want := doctor.Schedule{Every: time.Hour, Queue: "amends-order"}
	proxy.Lose("CreateSchedule", 1, refusals["NamespaceNotFound"])
	require.Error(t, doctor.Keep(t.Context(), e.Client, want))
	proxy.Mend()
	require.NoError(t, doctor.Keep(t.Context(), e.Client, want))
	proxy.Lose("DeleteSchedule", 1, refusals["NamespaceNotFound"])
	require.Error(t, doctor.Keep(t.Context(), e.Client, doctor.Schedule{}))
	proxy.Mend()
	require.NoError(t, doctor.Keep(t.Context(), e.Client, doctor.Schedule{}))
}

// An engine that refuses what a placement needs is not ready, and says so before and
// after the first customer.
func TestAnEngineWithoutUpdateWithStartIsNotReady(t *testing.T) {
	t.Parallel()
	for _, off := range []string{"frontend.enableExecuteMultiOperation", "frontend.enableUpdateWorkflowExecution"} {
		t.Run(off, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			bin := filepath.Join(dir, "temporal")
			require.NoError(t, os.WriteFile(bin, []byte("#!/bin/sh\nexec "+temporalBin+` "$@" --dynamic-config-value `+off+"=false\n"), 0o700))
			options := temporal.Options{Bin: bin, Dir: dir}
			for _, a := range attribute.All {
				options.SearchAttributes = append(options.SearchAttributes, a.String())
			}
			s, err := temporal.Start(t.Context(), options)
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, s.Stop()) })
			e, err := engine.Dial(engine.Options{Address: s.Address, Isolated: true})
			require.NoError(t, err)
			t.Cleanup(e.Close)
			c := api.DefaultConfig()
			c.GuestSecret = guestSecret
			c.Orders.Queue, c.Orders.QueryTimeout = "order", 1300*time.Millisecond
			a, err := api.New(c, e.Client, api.WithLogger(slog.New(slog.DiscardHandler)))
			require.NoError(t, err)
			h := httptest.NewServer(a)
			t.Cleanup(h.Close)

			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, h.URL+"/readyz", http.NoBody)
			require.NoError(t, err)
			var text string
			eventually(t, "it is said", func() bool { // a starved machine may let the first questions time out
				var code int
				code, text = said(t, r)
				require.Equal(t, http.StatusServiceUnavailable, code)
				return !strings.Contains(text, "does not answer")
			})
			require.Contains(t, text, "The engine refuses Update-With-Start")
			require.Equal(t, "UNAVAILABLE", shopper{h.URL}.place(t, "", "", placement()).code)
		})
	}
}

// operators returns an operator's request for a repair.
func operators(t *testing.T, admin, id, body string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, admin+"/v1/orders/"+id+"/repair", strings.NewReader(body))
	require.NoError(t, err)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer night-night-night-1")
	return r
}

// said returns the status and the text of an answer.
func said(t *testing.T, r *http.Request) (int, string) {
	t.Helper()
	res, err := browser.Do(r)
	require.NoError(t, err)
	defer func() { _ = res.Body.Close() }() // it has been read
	text, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return res.StatusCode, string(text)
}
