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
	"github.com/amends/amends/saga"
	"github.com/amends/amends/workflows"
)

// fakeDoctor has found nothing.
type fakeDoctor struct{ runs []bool }

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
		WithQuery(b.model), WithServices(shop.Services{Payment: fakePart{}, Shipping: fakePart{}}))}
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
	require.Len(t, holdings.Shipments, 2)
}
