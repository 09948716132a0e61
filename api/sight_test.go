package api

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/api/operator"
	"github.com/amends/amends/api/problem"
	"github.com/amends/amends/api/shop"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/identity/token"
	"github.com/amends/amends/internal/orders/identity"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/workflows"
)

// fakeDoctor has found nothing.
type fakeDoctor struct {
	runs []bool
	away bool // the engine
}

// pastRun is the one run that it has.
const pastRun = "019a3f6c-6c2e-7b1d-9d7e-0f3a5b8c1e22"

func (f *fakeDoctor) past() contract.DoctorRun {
	return contract.DoctorRun{Id: pastRun, Scheduled: true, State: "completed", StartedAt: invoicedAt, Summary: &contract.DoctorSummary{Ok: true, Kinds: []contract.DoctorCount{}}}
}

// Runs has one page.
func (f *fakeDoctor) Runs(_ context.Context, cursor string, limit int) (contract.DoctorRuns, error) {
	switch {
	case f.away:
		return contract.DoctorRuns{}, fault.Errorf(fault.Transient, fault.Unavailable, "10.0.0.7 is away")
	case cursor != "":
		return contract.DoctorRuns{}, fault.Errorf(fault.Business, fault.Invalid, "no such page")
	}
	return contract.DoctorRuns{Runs: []contract.DoctorRun{f.past()}[:min(limit, 1)]}, nil
}

func (f *fakeDoctor) Past(_ context.Context, id string) (contract.DoctorRun, error) {
	if id != pastRun {
		return contract.DoctorRun{}, fault.Errorf(fault.Business, fault.NotFound, "no such run")
	}
	out := f.past()
	out.Report = &contract.DoctorReport{Findings: []contract.DoctorFinding{}, Unasked: []contract.UnaskedService{}, Ok: true}
	return out, nil
}

func (f *fakeDoctor) Last(context.Context) (contract.DoctorState, error) {
	return contract.DoctorState{EverySeconds: 600}, nil
}

func (f *fakeDoctor) Run(_ context.Context, dryRun bool) (contract.DoctorReport, error) {
	f.runs = append(f.runs, dryRun)
	return contract.DoctorReport{DryRun: dryRun, Findings: []contract.DoctorFinding{}, Unasked: []contract.UnaskedService{}, Ok: true}, nil
}

func instances(context.Context) ([]contract.ServiceInstance, error) {
	return []contract.ServiceInstance{{Service: "payment", Instance: "i", Address: "10.0.0.7:1"}}, nil
}

// sightBundle is an admin address of operators and support, with a read model.
type sightBundle struct {
	*adminBundle

	accounts *fakeAccounts
	model    *fakeModel
	doctor   *fakeDoctor
}

func setupSight(t *testing.T) *sightBundle {
	t.Helper()
	b := &sightBundle{accounts: newAccounts(t), model: followable(), doctor: &fakeDoctor{}}
	b.adminBundle = &adminBundle{testBundle: shopWith(t, quick, WithVerifier(token.NewVerifier(token.Config{Source: b.accounts, Logger: slog.New(slog.DiscardHandler)})),
		WithQuery(b.model), WithServices(shop.Services{Catalog: named(fakePart{}), Payment: fakePart{}, Shipping: fakePart{}, Inventory: fakeInventory{}, Order: fakeOrders{view: sold, address: berlin}}))}
	b.temporal.query, b.temporal.describe = knows(workflows.StatusPending), described(t, enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING, nil)
	b.admin = httptest.NewServer(NewAdmin(Admin{
		Repairs: b.server, Doctor: b.doctor, Instances: instances, Logger: slog.New(slog.DiscardHandler),
		Operators: []operator.Operator{{Name: "night", Secret: nightSecret}},
	}))
	t.Cleanup(b.admin.Close)
	return b
}

func (b *sightBundle) ask(t *testing.T, path, who string, into any) {
	t.Helper()
	answer := askAdmin(t, b.admin, http.MethodGet, path, "", who)
	require.Equal(t, http.StatusOK, answer.StatusCode, answer.text)
	require.NoError(t, json.Unmarshal([]byte(answer.text), into))
}

// TestSupportSeesAndOperatorsAct: the role of an account decides at the gate.
func TestSupportSeesAndOperatorsAct(t *testing.T) {
	t.Parallel()
	b := setupSight(t)
	asMia := b.accounts.sign(t, "mia", "s1", time.Now(), supportScopes...)
	asMax := b.accounts.sign(t, "max", "s2", time.Now(), operatorScopes...)
	for who, want := range map[string]contract.Operator{
		asNight: {Name: "night", Role: contract.RoleOperator}, asMia: {Name: "account mia", Role: contract.RoleSupport}, asMax: {Name: "account max", Role: contract.RoleOperator},
	} {
		var got contract.Operator
		b.ask(t, "/v1/operator", who, &got)
		require.Equal(t, want, got)
		var state contract.DoctorState
		b.ask(t, "/v1/doctor", who, &state)
		var past contract.DoctorRuns
		b.ask(t, "/v1/doctor/runs", who, &past)
		require.Len(t, past.Runs, 1)
		var run contract.DoctorRun
		b.ask(t, "/v1/doctor/runs/"+past.Runs[0].Id, who, &run)
		require.NotNil(t, run.Report)
		var bill contract.Invoice
		b.ask(t, "/v1/orders/"+someOrder+"/invoice", who, &bill)
		require.Equal(t, "INV-7", bill.Number)
		require.Nil(t, bill.ShipTo, "the address is its own customer's alone")
	}
	customer, guest := b.accounts.sign(t, "cus_42", "s3", time.Now(), customerScopes...), "Amends-Claim: "+identity.NewGuests(guestSecret).Claim(someOrder)
	for _, path := range []string{"/v1/doctor/runs", "/v1/doctor/runs/" + pastRun, "/v1/orders/" + someOrder + "/invoice"} {
		askAdmin(t, b.admin, http.MethodGet, path, "", customer).refused(t, http.StatusForbidden, problem.ScopeMissing)
		askAdmin(t, b.admin, http.MethodGet, path, "", guest).refused(t, http.StatusUnauthorized, problem.Unauthorized)
	}

	run := func(who string) response {
		return askAdmin(t, b.admin, http.MethodPost, "/v1/doctor/runs", `{"dry_run": true}`, who, "Content-Type: application/json")
	}
	run(asMia).refused(t, http.StatusForbidden, problem.ScopeMissing)
	askAdmin(t, b.admin, http.MethodPost, "/v1/orders/"+someOrder+"/repair", goodRetry, asMia, "Content-Type: application/json").refused(t, http.StatusForbidden, problem.ScopeMissing)
	require.Empty(t, b.doctor.runs)
	require.Equal(t, http.StatusOK, run(asMax).StatusCode)
	require.Equal(t, http.StatusOK, run(asNight).StatusCode)
	require.Equal(t, []bool{true, true}, b.doctor.runs)
}

// TestAnOrderNamesTheActionsThatItsStateAllows: clients have no rules of their own.
func TestAnOrderNamesTheActionsThatItsStateAllows(t *testing.T) {
	t.Parallel()
	flag := saga.Attention{Step: "payment.authorize", Code: "PROVIDER_TIMEOUT", Kind: fault.Unknown, Owed: "money held", Since: time.Now()}
	type action struct{ action, step string }
	again := action{"rerun", ""}
	for name, tt := range map[string]struct {
		order workflows.OrderView
		want  []action
	}{
		"Unflagged":   {view(someOrder, workflows.StatusPending), nil},
		"Forward":     {flaggedView(flag), []action{{"retry", "payment.authorize"}, again}},
		"BeingUndone": {flaggedView(flag, saga.StepView{Name: "order.decide", State: saga.Done}), []action{{"retry", "payment.authorize"}, {"skip", "payment.authorize"}, again}},
		"ThePivot":    {flaggedView(saga.Attention{Step: "payment.capture"}, saga.StepView{Name: "order.decide", State: saga.Done}), []action{{"retry", "payment.capture"}, again}},
		"Stopped":     {flaggedView(saga.Attention{Step: "saga", Code: "SAGA_TERMINATED"}), []action{{"resume", ""}, again}},
		"OfARefund":   {flaggedView(saga.Attention{Step: "payment.refund", Saga: accountsOrder}), []action{{"retry", "payment.refund"}, again}},
		"Bungled":     {bungled(someOrder), []action{{"acknowledge", ""}, again}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setupSight(t)
			b.temporal.query = func(context.Context, string) (workflows.OrderView, error) { return tt.order, nil }
			var got contract.OperatorsOrder
			b.ask(t, "/v1/orders/"+someOrder, asNight, &got)
			var actions []action
			for _, a := range *got.Actions {
				one := action{action: string(a.Action)}
				if a.Step != nil {
					one.step = *a.Step
				}
				require.NotEmpty(t, a.Effect)
				actions = append(actions, one)
			}
			require.Equal(t, tt.want, actions)
		})
	}
}

func flaggedView(flag saga.Attention, steps ...saga.StepView) workflows.OrderView {
	v := view(someOrder, workflows.StatusPending)
	v.NeedsAttention, v.Attention, v.Steps = true, []saga.Attention{flag}, append(v.Steps, steps...)
	return v
}

// TestAnOrderIsShownWithItsFactsAndHoldings asks for the parts of an order's page.
func TestAnOrderIsShownWithItsFactsAndHoldings(t *testing.T) {
	t.Parallel()
	b := setupSight(t)
	var overview contract.Overview
	b.ask(t, "/v1/overview", asNight, &overview)
	require.True(t, overview.Complete)
	var services contract.ServiceInstances
	b.ask(t, "/v1/services", asNight, &services)
	require.Len(t, services.Instances, 1)
	var timeline contract.Timeline
	b.ask(t, "/v1/orders/"+someOrder+"/timeline", asNight, &timeline)
	require.Equal(t, "order.cancelled", timeline.Entries[0].Fact)
	var holdings contract.Holdings
	b.ask(t, "/v1/orders/"+someOrder+"/holdings", asNight, &holdings)
	require.Equal(t, int64(12600), holdings.Payment.Captured)
	require.Equal(t, &[]contract.PostingSet{{At: invoicedAt, Kind: "hold", Lines: []contract.PostingLine{
		{Account: "funds_held", Amount: contract.Money{Amount: 12600, Currency: "EUR"}}, {Account: "funds_held_contra", Amount: contract.Money{Amount: -12600, Currency: "EUR"}},
	}}}, holdings.Postings)
	require.Equal(t, &[]contract.Reservation{{
		Step: "inventory.reserve", State: "committed", TakenBack: true, CreatedAt: invoicedAt, UpdatedAt: invoicedAt,
		Lines: []contract.ReservationLine{{Sku: "MUG", Warehouse: "AMS", Quantity: 1}, {Sku: "MUG", Warehouse: "BER", Quantity: 2}},
	}}, holdings.Reservations)
	require.Equal(t, []contract.Shipment{
		{Warehouse: "AMS", State: "intent"}, {Warehouse: "BER", State: "booked", Carrier: new("post"), TrackingNumber: new("T1")},
	}, holdings.Shipments)
	require.Nil(t, holdings.Missing)
}

// TestHoldingsNameThePartsThatAreMissing: a page says that it is not complete.
func TestHoldingsNameThePartsThatAreMissing(t *testing.T) {
	t.Parallel()
	b := setupSight(t)
	b.server.services = shop.Services{}
	admin := httptest.NewServer(NewAdmin(Admin{Repairs: b.server, Logger: slog.New(slog.DiscardHandler), Operators: []operator.Operator{{Name: "night", Secret: nightSecret}}}))
	t.Cleanup(admin.Close)
	answer := askAdmin(t, admin, http.MethodGet, "/v1/orders/"+someOrder+"/holdings", "", asNight)
	require.Equal(t, http.StatusOK, answer.StatusCode, answer.text)
	var got contract.Holdings
	require.NoError(t, json.Unmarshal([]byte(answer.text), &got))
	require.Nil(t, got.Reservations, "not known is not none")
	require.Equal(t, &contract.Missing{
		{Part: "ledger", Code: "UNAVAILABLE"}, {Part: "payment", Code: "UNAVAILABLE"}, {Part: "shipments", Code: "UNAVAILABLE"}, {Part: "stock", Code: "UNAVAILABLE"},
	}, got.Missing)
}

// TestRunsOfTheDoctorAreListed, and none that is of another page or unknown.
func TestRunsOfTheDoctorAreListed(t *testing.T) {
	t.Parallel()
	b := setupSight(t)
	get := func(path string) response { return askAdmin(t, b.admin, http.MethodGet, path, "", asNight) }
	get("/v1/doctor/runs?cursor=else").refused(t, http.StatusUnprocessableEntity, problem.ValidationFailed)
	get("/v1/doctor/runs?limit=101").refused(t, http.StatusUnprocessableEntity, problem.ValidationFailed)
	get("/v1/doctor/runs/"+someOrder).refused(t, http.StatusNotFound, fault.NotFound)
	b.doctor.away = true
	away := get("/v1/doctor/runs")
	away.refused(t, http.StatusServiceUnavailable, fault.Unavailable)
	require.NotContains(t, away.text, "10.0.0.7")
}

// TestTheInvoiceOfAnOperatorIsThatOfTheCustomer, as JSON and as a page, but for the address.
func TestTheInvoiceOfAnOperatorIsThatOfTheCustomer(t *testing.T) {
	t.Parallel()
	b := setupSight(t)
	get := func(query string, header ...string) response {
		return askAdmin(t, b.admin, http.MethodGet, "/v1/orders/"+someOrder+"/invoice"+query, "", append(header, asNight)...)
	}
	page := get("?lang=de", "Accept: text/html")
	require.Equal(t, http.StatusOK, page.StatusCode, page.text)
	require.Contains(t, page.text, "Rechnungsnummer")
	require.Contains(t, page.text, "The KETTLE")
	require.NotContains(t, page.text, "Hauptstr. 1")
	require.Contains(t, get("", "Accept: text/html", "Accept-Language: de-AT").text, "Rechnungsnummer")
	require.Contains(t, page.Header.Get("Content-Security-Policy"), "default-src 'none'; style-src 'sha256-")
	get("?lang=fr").refused(t, http.StatusUnprocessableEntity, problem.ValidationFailed)
	askAdmin(t, b.admin, http.MethodGet, "/v1/orders/none/invoice", "", asNight).refused(t, http.StatusBadRequest, problem.OrderIDInvalid)
}
