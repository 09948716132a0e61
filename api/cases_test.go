package api

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/api/operator"
	"github.com/amends/amends/api/problem"
	"github.com/amends/amends/fault"
	storage "github.com/amends/amends/internal/database"
	"github.com/amends/amends/internal/identity/token"
	"github.com/amends/amends/internal/orders/identity"
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/proof/rpctest"
	"github.com/amends/amends/services/support"
	supportrpc "github.com/amends/amends/services/support/rpc"
	supportstore "github.com/amends/amends/services/support/store"
	"github.com/amends/amends/workflows"
)

const (
	someCase = "019acf3e-4b80-7c11-8f3e-5d2a9b7c6e10"
	openMug  = `{"subject": "One mug is broken", "text": "It was broken\nwhen I opened the parcel."}`
	bothMugs = `{"text": "Both of them."}`
)

// readCases are who may read the cases of an order: whoever may read the order.
var readCases = [3]may{
	{200, 404, 404, 200, 200, 401, 401, 401},
	{404, 404, 200, 200, 200, 401, 401, 401},
	{200, 404, 401, 200, 200, 401, 401, 401},
}

// writeCases are who may write to them: the order's owner. done is the status of success.
func writeCases(done int) [3]may {
	return [3]may{
		{done, 404, 404, 404, 404, 401, 401, 401},
		{404, 404, done, 404, 404, 401, 401, 401},
		{done, 404, 401, 404, 404, 401, 401, 401},
	}
}

// fakeCases has a case of every order.
type fakeCases struct{ err error }

func (f fakeCases) Open(_ context.Context, o support.Opening) (support.Case, error) {
	return support.Case{ID: someCase, Order: o.Order, State: support.Open}, f.err
}

func (f fakeCases) Get(_ context.Context, id, order string) (support.Case, error) {
	return support.Case{ID: id, Order: order, State: support.Open}, f.err
}

func (f fakeCases) OfOrder(context.Context, string) ([]support.Case, error) { return nil, f.err }

func (f fakeCases) List(context.Context, support.Filter) ([]support.Case, error) { return nil, f.err }

func (f fakeCases) Answer(ctx context.Context, c support.Command, _ string) (support.Case, error) {
	return f.Get(ctx, c.Case, c.Order)
}

func (f fakeCases) Assign(ctx context.Context, c support.Command, _ string) (support.Case, error) {
	return f.Get(ctx, c.Case, c.Order)
}

func (f fakeCases) Close(ctx context.Context, c support.Command) (support.Case, error) {
	return f.Get(ctx, c.Case, c.Order)
}

// casesBundle is a server that asks a real support service by gRPC.
type casesBundle struct {
	*testBundle

	admin *httptest.Server
	logs  *logs
	owner string // the header of cus_42, whose order is accountsOrder
}

func casesOf(t *testing.T, change ...func(*Config)) casesBundle {
	t.Helper()
	db := dbtest.Open(t, dbtest.SQLite(t), storage.Options{})
	require.NoError(t, supportstore.Schema.Migrate(t.Context(), db))
	remote := supportrpc.NewClient(rpctest.Connect(t, func(r grpc.ServiceRegistrar) { supportrpc.Register(r, supportstore.New(db)) }))
	a, written := newAccounts(t), &logs{}
	log := slog.New(slog.NewTextHandler(written, nil))
	configured := func(c *Config) {
		for _, f := range change {
			f(c)
		}
	}
	b := shopWith(t, configured, WithLogger(log), WithCases(remote),
		WithVerifier(token.NewVerifier(token.Config{Source: a, Logger: slog.New(slog.DiscardHandler)})))
	b.temporal.query = knows(workflows.StatusConfirmed)
	admin := httptest.NewServer(NewAdmin(Admin{
		Repairs: b.server, Operators: []operator.Operator{{Name: "night", Secret: nightSecret}, {Name: "day", Secret: daySecret}}, Logger: log,
	}))
	t.Cleanup(admin.Close)
	return casesBundle{b, admin, written, a.sign(t, "cus_42", "s1", time.Now(), customerScopes...)}
}

// write sends a body with a key as the owner of the order.
func (b casesBundle) write(t *testing.T, path, key, body string) response {
	t.Helper()
	return b.do(t, http.MethodPost, path, body, b.owner, asJSONBody, "Idempotency-Key: "+key)
}

// support sends a request to the admin address as night, one with a body with a key.
func (b casesBundle) support(t *testing.T, method, path, key, body string) response {
	t.Helper()
	header := []string{asNight}
	if key != "" {
		header = append(header, asJSONBody, "Idempotency-Key: "+key)
	}
	return askAdmin(t, b.admin, method, path, body, header...)
}

// readAs requires an answer with a status.
func readAs[T any](t *testing.T, status int, r response) T {
	t.Helper()
	require.Equal(t, status, r.StatusCode, r.text)
	return into[T](t, r)
}

func TestCases(t *testing.T) { //nolint:tparallel // one conversation, one claim after the other
	t.Parallel()
	b := casesOf(t)
	path := "/v1/orders/" + accountsOrder + "/cases"

	opened := b.write(t, path, "1", openMug)
	c := readAs[contract.Case](t, http.StatusCreated, opened)
	at := path + "/" + c.Id
	require.Equal(t, at, opened.Header.Get("Location"))
	require.Equal(t, accountsOrder, c.OrderId)
	require.Equal(t, contract.Open, c.State)
	require.Equal(t, "It was broken\nwhen I opened the parcel.", (*c.Messages)[0].Text)

	t.Run("SupportAnswersAndTheCustomerSeesNoName", func(t *testing.T) {
		list := readAs[contract.SupportCases](t, http.StatusOK, b.support(t, http.MethodGet, "/v1/cases?state=open", "", ""))
		require.Len(t, list.Cases, 1)
		require.Equal(t, "cus_42", *list.Cases[0].CustomerId)
		require.Nil(t, list.NextCursor)
		desk := "/v1/cases/" + c.Id
		for range 2 { // a repeat changes nothing
			answered := readAs[contract.SupportCase](t, http.StatusOK, b.support(t, http.MethodPost, desk+"/answers", "1", `{"text": "Another one is on its way."}`))
			require.Equal(t, contract.Answered, answered.State)
			require.Len(t, *answered.Messages, 2)
			require.Equal(t, "night", *(*answered.Messages)[1].By)
		}
		assigned := readAs[contract.SupportCase](t, http.StatusOK, b.support(t, http.MethodPost, desk+"/assign", "2", `{"assignee": "mia"}`))
		require.Equal(t, "mia", *assigned.Assignee)
		require.Equal(t, assigned, readAs[contract.SupportCase](t, http.StatusOK, b.support(t, http.MethodGet, desk, "", "")))

		seen := b.do(t, http.MethodGet, at, "", b.owner)
		got := readAs[contract.Case](t, http.StatusOK, seen)
		require.Equal(t, contract.Support, (*got.Messages)[1].Author)
		require.NotContains(t, seen.text, "night")
		require.NotContains(t, seen.text, "mia")
	})
	t.Run("TheCustomerAnswersAndCloses", func(t *testing.T) {
		for range 2 {
			got := readAs[contract.Case](t, http.StatusOK, b.write(t, at+"/answers", "2", bothMugs))
			require.Equal(t, contract.Open, got.State)
			require.Len(t, *got.Messages, 3)
		}
		b.write(t, at+"/answers", "2", `{"text": "Another text"}`).refused(t, http.StatusUnprocessableEntity, support.KeyReused)
		require.Equal(t, contract.Closed, readAs[contract.Case](t, http.StatusOK, b.write(t, at+"/close", "3", "")).State)
		b.write(t, at+"/answers", "4", bothMugs).refused(t, http.StatusConflict, support.CaseClosed)
		b.support(t, http.MethodPost, "/v1/cases/"+c.Id+"/answers", "5", bothMugs).refused(t, http.StatusConflict, support.CaseClosed)
		readAs[contract.SupportCase](t, http.StatusOK, b.support(t, http.MethodPost, "/v1/cases/"+c.Id+"/close", "6", ""))
		list := readAs[contract.Cases](t, http.StatusOK, b.do(t, http.MethodGet, path, "", b.owner))
		require.Len(t, list.Cases, 1)
		require.Equal(t, contract.Closed, list.Cases[0].State)
		require.Nil(t, list.Cases[0].Messages)
	})
	t.Run("ACaseOfAnotherOrderIsNotFound", func(t *testing.T) {
		claim := "Amends-Claim: " + identity.NewGuests(guestSecret).Claim(someOrder)
		foreign := "/v1/orders/" + someOrder + "/cases/" + c.Id
		b.do(t, http.MethodGet, foreign, "", claim).refused(t, http.StatusNotFound, fault.NotFound)
		b.do(t, http.MethodPost, foreign+"/close", "", claim, asJSONBody, "Idempotency-Key: 1").refused(t, http.StatusNotFound, fault.NotFound)
		own := b.do(t, http.MethodPost, "/v1/orders/"+someOrder+"/cases", openMug, claim, asJSONBody, "Idempotency-Key: 1")
		guests := readAs[contract.Case](t, http.StatusCreated, own)
		require.NotEqual(t, c.Id, guests.Id)
		seen := readAs[contract.SupportCase](t, http.StatusOK, b.support(t, http.MethodGet, "/v1/cases/"+guests.Id, "", ""))
		require.Nil(t, seen.CustomerId)
		for _, id := range []string{"x", someCase, strings.Repeat("x", 300)} {
			b.do(t, http.MethodGet, path+"/"+id, "", b.owner).refused(t, http.StatusNotFound, fault.NotFound)
			b.support(t, http.MethodGet, "/v1/cases/"+id, "", "").refused(t, http.StatusNotFound, fault.NotFound)
		}
	})
	t.Run("RefusesWhatIsNoMessage", func(t *testing.T) {
		b.do(t, http.MethodPost, path, openMug, b.owner, asJSONBody).refused(t, http.StatusBadRequest, problem.KeyMissing)
		b.write(t, path, "9", `{"subject": "x", "text": "y", "customer": "z"}`).refused(t, http.StatusBadRequest, problem.MalformedBody)
		for body, pointer := range map[string]string{
			`{"subject": "x"}`:                                              "/text",
			`{"subject": " ", "text": "x"}`:                                 "/subject",
			`{"subject": "x", "text": " \n"}`:                               "/text",
			`{"subject": "x", "text": "4111 1111\n1111 1111"}`:              "/text",
			`{"subject": "x", "text": "` + strings.Repeat("x", 4001) + `"}`: "/text",
		} {
			p := b.write(t, path, "9", body).refused(t, http.StatusUnprocessableEntity, problem.ValidationFailed)
			require.Len(t, *p.Errors, 1, "%.60s", body)
			require.Equal(t, pointer, (*p.Errors)[0].Pointer)
		}
		for query, pointer := range map[string]string{
			"limit=0": "/limit", "limit=101": "/limit", "limit=x": "/limit", "state=lost": "/state", "assignee=%00": "/assignee", "assignee=%ff": "/assignee",
			"cursor=": "/cursor", "cursor=%21": "/cursor", "cursor=" + strings.Repeat("%00", 36): "/cursor", "cursor=" + strings.Repeat("%ff", 36): "/cursor",
		} {
			p := b.support(t, http.MethodGet, "/v1/cases?"+query, "", "").refused(t, http.StatusUnprocessableEntity, problem.ValidationFailed)
			require.Len(t, *p.Errors, 1, query)
			require.Equal(t, pointer, (*p.Errors)[0].Pointer, query)
		}
		b.support(t, http.MethodGet, "/v1/cases?stat=open", "", "").refused(t, http.StatusBadRequest, problem.BadRequest)
	})
	t.Run("SupportGoesThroughTheListInPages", func(t *testing.T) {
		for _, key := range []string{"a", "b", "c"} {
			readAs[contract.Case](t, http.StatusCreated, b.write(t, path, key, openMug))
		}
		whole := readAs[contract.SupportCases](t, http.StatusOK, b.support(t, http.MethodGet, "/v1/cases", "", ""))
		require.Len(t, whole.Cases, 5)
		var paged []contract.SupportCase
		for next := ""; ; {
			page := readAs[contract.SupportCases](t, http.StatusOK, b.support(t, http.MethodGet, "/v1/cases?limit=2"+next, "", ""))
			paged = append(paged, page.Cases...)
			if page.NextCursor == nil {
				break
			}
			next = "&cursor=" + *page.NextCursor
			require.LessOrEqual(t, len(paged), 5)
		}
		require.Equal(t, whole.Cases, paged)
	})
	t.Run("CustomersAreNotSupport", func(t *testing.T) {
		for _, r := range adminRoutes {
			if !strings.HasPrefix(r.path, "/v1/cases") {
				continue
			}
			url := strings.Replace(r.path, "{id}", c.Id, 1)
			askAdmin(t, b.admin, r.method, url, "{}", b.owner, asJSONBody, "Idempotency-Key: 1").refused(t, http.StatusForbidden, problem.ScopeMissing)
		}
	})
	require.Contains(t, b.logs.String(), "support has changed a case")
	for _, secret := range []string{"broken", "on its way", "Both of them"} {
		require.NotContains(t, b.logs.String(), secret)
	}
}

func TestCasesThatCannotBeReachedAreUnavailable(t *testing.T) {
	t.Parallel()
	a := newAccounts(t)
	owner := a.sign(t, "cus_42", "s1", time.Now(), customerScopes...)
	verified := WithVerifier(token.NewVerifier(token.Config{Source: a, Logger: slog.New(slog.DiscardHandler)}))
	for name, option := range map[string]Option{
		"NoService": func(*Server) {},
		"Away":      WithCases(fakeCases{fault.Errorf(fault.Unknown, fault.Timeout, "10.0.0.7 did not answer")}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := shopWith(t, func(*Config) {}, verified, option)
			b.temporal.query = knows(workflows.StatusConfirmed)
			path := "/v1/orders/" + accountsOrder + "/cases"
			for _, answer := range []response{
				b.do(t, http.MethodGet, path, "", owner),
				b.do(t, http.MethodPost, path, openMug, owner, asJSONBody, "Idempotency-Key: 1"),
			} {
				answer.refused(t, http.StatusServiceUnavailable, fault.Unavailable)
				requireRetryAfter(t, answer.Header)
				require.NotContains(t, answer.text, "10.0.0.7")
			}
			w := httptest.NewRecorder()
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/v1/cases", nil)
			r.Header.Set("Authorization", "Bearer "+nightSecret)
			NewAdmin(Admin{Repairs: b.server, Operators: []operator.Operator{{Name: "night", Secret: nightSecret}}, Logger: slog.New(slog.DiscardHandler)}).ServeHTTP(w, r)
			require.Equal(t, http.StatusServiceUnavailable, w.Code)
			require.True(t, json.Valid(w.Body.Bytes()))
		})
	}
}
