package api

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/api/operator"
	apiorders "github.com/amends/amends/api/orders"
	"github.com/amends/amends/api/problem"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/orders/read"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/workflows"
)

const (
	nightSecret = "night-night-night-1"
	daySecret   = "day-day-day-day-day"
)

// adminBundle is the admin address of a testBundle's process.
type adminBundle struct {
	*testBundle

	admin *httptest.Server
}

// setupAdmin serves an order that is PENDING and flagged, and knows two operators.
func setupAdmin(t *testing.T, operators ...operator.Operator) *adminBundle {
	t.Helper()
	b := &adminBundle{testBundle: setup(t, quick, func(c *Config) { c.Orders.RepairTimeout = 100 * time.Millisecond })}
	b.temporal.query = knows(workflows.StatusPending)
	b.temporal.describe = described(t, enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING, nil)
	log := slog.New(slog.NewTextHandler(b.logs, nil))
	b.admin = httptest.NewServer(NewAdmin(Admin{Repairs: b.server, Operators: operators, Logger: log}))
	t.Cleanup(b.admin.Close)
	return b
}

func bothOperators(t *testing.T) *adminBundle {
	t.Helper()
	return setupAdmin(t, operator.Operator{Name: "night", Secret: nightSecret}, operator.Operator{Name: "day", Secret: daySecret})
}

// request sends a repair with header lines such as "Accept: */*".
func (b *adminBundle) request(t *testing.T, path, body string, header ...string) response {
	t.Helper()
	return askAdmin(t, b.admin, http.MethodPost, path, body, header...)
}

// askAdmin sends a request to an admin address, and requires an answer of its contract.
func askAdmin(t *testing.T, admin *httptest.Server, method, path, body string, header ...string) response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, admin.URL+path, strings.NewReader(body))
	require.NoError(t, err)
	for _, line := range header {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Add(name, value)
	}
	answer, err := admin.Client().Do(r)
	require.NoError(t, err)
	defer func() { require.NoError(t, answer.Body.Close()) }()
	text, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	out := response{answer, string(text)}
	spec, err := contract.LoadAdmin()
	require.NoError(t, err)
	requireDeclared(t, spec, out)
	return out
}

// operatorsOrder requires an order as operators see it.
func (r response) operatorsOrder(t *testing.T, status int) contract.OperatorsOrder {
	t.Helper()
	r.order(t, status)
	var o contract.OperatorsOrder
	require.NoError(t, json.Unmarshal([]byte(r.text), &o), r.text)
	return o
}

const repairPath = "/v1/orders/" + someOrder + "/repair"

// repair sends a body as the night's operator.
func (b *adminBundle) repair(t *testing.T, body string, header ...string) response {
	t.Helper()
	return b.request(t, repairPath, body, append([]string{"Authorization: Bearer " + nightSecret, "Content-Type: application/json"}, header...)...)
}

const (
	goodRetry = `{"step": "payment.authorize", "action": "retry", "reason": "they are back"}`
	goodSkip  = `{"step": "payment.authorize", "action": "skip", "reason": "voided by hand", "reference": "case 4711"}`
)

func refusedWith(code fault.Code) func(context.Context, client.UpdateWorkflowOptions) (saga.RepairResult, error) {
	return func(context.Context, client.UpdateWorkflowOptions) (saga.RepairResult, error) {
		return saga.RepairResult{}, temporal.NewNonRetryableApplicationError("refused", string(code), nil)
	}
}

// waived is an order whose step the night's operator has skipped.
func waived(status workflows.Status, operator string) func(context.Context, string) (workflows.OrderView, error) {
	return func(_ context.Context, id string) (workflows.OrderView, error) {
		v := view(strings.TrimPrefix(id, "order-"), status)
		v.Waivers = []saga.Waiver{{
			Step: "payment.authorize", Code: "PROVIDER_TIMEOUT", Owed: "money held",
			Reason: "voided by hand", Operator: operator, Reference: "case 4711", At: v.CreatedAt,
		}}
		return v, nil
	}
}

func TestRepairOrder(t *testing.T) {
	t.Parallel()

	t.Run("AsksTheSagaInTheOperatorsName", func(t *testing.T) {
		t.Parallel()
		b := bothOperators(t)
		b.temporal.query = waived(workflows.StatusPending, "night")
		b.temporal.repair = func(_ context.Context, o client.UpdateWorkflowOptions) (saga.RepairResult, error) {
			require.True(t, strings.HasPrefix(o.UpdateID, "repair-"), o.UpdateID)
			o.UpdateID = ""
			require.Equal(t, client.UpdateWorkflowOptions{
				WorkflowID: "order-" + someOrder, UpdateName: saga.UpdateRepair, WaitForStage: client.WorkflowUpdateStageAccepted,
				Args: []any{saga.RepairRequest{
					Saga: someOrder, Step: "payment.authorize", Action: saga.Skip,
					Reason: "voided by hand", Operator: "night", Reference: "case 4711",
				}},
			}, o)
			return saga.RepairResult{}, nil
		}
		answer := b.repair(t, goodSkip).operatorsOrder(t, http.StatusOK)
		require.Len(t, answer.Waivers, 1)
		require.Equal(t, "night", answer.Waivers[0].Operator)
		require.Equal(t, "case 4711", *answer.Waivers[0].Reference)

		log := b.logs.String()
		require.Contains(t, log, `msg="order repaired"`)
		for _, want := range []string{"order_id=" + someOrder, "step=payment.authorize", "action=skip", "operator=night"} {
			require.Contains(t, log, want)
		}
		for _, words := range []string{"voided", "4711", nightSecret} {
			require.NotContains(t, log, words, "nobody knows what the words hold")
		}
	})

	t.Run("IsOneForEveryRepetitionOfOneKeyedRequest", func(t *testing.T) {
		t.Parallel()
		b := bothOperators(t)
		ids := map[string]int{}
		b.temporal.repair = func(_ context.Context, o client.UpdateWorkflowOptions) (saga.RepairResult, error) {
			ids[o.UpdateID]++
			return saga.RepairResult{}, nil
		}
		b.repair(t, goodRetry, "Idempotency-Key: k")
		b.repair(t, goodRetry, `Idempotency-Key: "k"`)
		require.Len(t, ids, 1)
		b.repair(t, goodSkip, "Idempotency-Key: k")
		b.repair(t, goodRetry, "Idempotency-Key: l")
		b.request(t, repairPath, goodRetry, "Authorization: bearer "+daySecret, "Content-Type: application/json", "Idempotency-Key: k")
		require.Len(t, ids, 4, "another action, another key, another operator")
		b.repair(t, goodRetry)
		b.repair(t, goodRetry)
		require.Len(t, ids, 6, "without a key each is a repair of its own")
		b.repair(t, goodRetry, "Idempotency-Key: a b").refused(t, http.StatusBadRequest, problem.KeyInvalid)
	})

	t.Run("IsRecordedEvenIfItsEffectTakesLonger", func(t *testing.T) {
		t.Parallel()
		b := bothOperators(t)
		b.temporal.repair = func(context.Context, client.UpdateWorkflowOptions) (saga.RepairResult, error) {
			return saga.RepairResult{}, nil
		}
		b.temporal.outcome = func(ctx context.Context) error {
			<-ctx.Done()
			return client.NewWorkflowUpdateServiceTimeoutOrCanceledError(ctx.Err())
		}
		b.repair(t, goodRetry).order(t, http.StatusAccepted)
	})

	t.Run("SaysThatItMayNotHaveArrived", func(t *testing.T) {
		t.Parallel()
		b := bothOperators(t)
		b.temporal.repair = func(ctx context.Context, _ client.UpdateWorkflowOptions) (saga.RepairResult, error) {
			<-ctx.Done() // no worker
			return saga.RepairResult{}, client.NewWorkflowUpdateServiceTimeoutOrCanceledError(ctx.Err())
		}
		answer := b.repair(t, goodRetry)
		p := answer.refused(t, http.StatusServiceUnavailable, fault.Unavailable)
		require.Contains(t, *p.Detail, "not known whether the repair arrived")
		require.NotEmpty(t, answer.Header.Get("Retry-After"))
	})

	t.Run("OfAnUnknownOrderIsNotFound", func(t *testing.T) {
		t.Parallel()
		b := bothOperators(t)
		b.temporal.query = func(context.Context, string) (workflows.OrderView, error) {
			return workflows.OrderView{}, serviceerror.NewNotFound("no")
		}
		b.repair(t, goodRetry).refused(t, http.StatusNotFound, fault.NotFound)
	})

	t.Run("OfATerminatedSagaSaysSo", func(t *testing.T) {
		t.Parallel()
		b := bothOperators(t)
		b.temporal.repair = func(context.Context, client.UpdateWorkflowOptions) (saga.RepairResult, error) {
			return saga.RepairResult{}, serviceerror.NewNotFound("workflow execution already completed")
		}
		b.repair(t, goodRetry).refused(t, http.StatusServiceUnavailable, fault.Unavailable)
		b.temporal.describe = described(t, enumspb.WORKFLOW_EXECUTION_STATUS_TERMINATED, nil)
		b.repair(t, goodRetry).refused(t, http.StatusConflict, read.SagaStopped)
		b.temporal.query = knows(workflows.StatusCancelled)
		b.repair(t, goodSkip).refused(t, http.StatusConflict, saga.AlreadyDecided)
	})

	t.Run("SkippedAlreadyByTheSameWordsIsAnsweredAsItStands", func(t *testing.T) {
		t.Parallel()
		for _, code := range []fault.Code{saga.NotFlagged, saga.AlreadyDecided} {
			b := bothOperators(t)
			b.temporal.repair = refusedWith(code)
			b.temporal.query = waived(workflows.StatusPending, "night")
			b.repair(t, goodSkip).order(t, http.StatusOK)
			b.repair(t, goodRetry).refused(t, http.StatusConflict, code)
			b.temporal.query = waived(workflows.StatusPending, "day")
			b.repair(t, goodSkip).refused(t, http.StatusConflict, code)
		}
	})

	for code, want := range map[fault.Code]struct {
		status  int
		code    fault.Code
		pointer string
	}{
		saga.UnknownSaga:      {http.StatusNotFound, fault.NotFound, ""},
		saga.UnknownStep:      {http.StatusUnprocessableEntity, saga.UnknownStep, "/step"},
		saga.NotFlagged:       {http.StatusConflict, saga.NotFlagged, ""},
		saga.ClosingStep:      {http.StatusConflict, saga.ClosingStep, ""},
		saga.PivotStep:        {http.StatusConflict, saga.PivotStep, ""},
		saga.AlreadyDecided:   {http.StatusConflict, saga.AlreadyDecided, ""},
		saga.ReasonMissing:    {http.StatusUnprocessableEntity, saga.ReasonMissing, "/reason"},
		saga.ReferenceMissing: {http.StatusUnprocessableEntity, saga.ReferenceMissing, "/reference"},
		fault.Invalid:         {http.StatusUnprocessableEntity, problem.ValidationFailed, ""},
		saga.OperatorMissing:  {http.StatusInternalServerError, fault.Internal, ""},
	} {
		t.Run("PassesOnTheRefusal"+string(code), func(t *testing.T) {
			t.Parallel()
			b := bothOperators(t)
			b.temporal.repair = refusedWith(code)
			p := b.repair(t, goodSkip).refused(t, want.status, want.code)
			if want.pointer != "" {
				require.Equal(t, want.pointer, (*p.Errors)[0].Pointer)
			}
			require.Contains(t, b.logs.String(), "code="+string(want.code))
		})
	}
}

func TestRepairNeedsAnOperator(t *testing.T) {
	t.Parallel()
	b := bothOperators(t)
	for name, header := range map[string][]string{
		"NoToken":      {},
		"NoScheme":     {"Authorization: " + nightSecret},
		"OtherScheme":  {"Authorization: Basic " + nightSecret},
		"EmptyToken":   {"Authorization: Bearer "},
		"OtherToken":   {"Authorization: Bearer " + nightSecret + "x"},
		"PartOfAToken": {"Authorization: Bearer " + nightSecret[:8]},
		"TwoTokens":    {"Authorization: Bearer " + nightSecret, "Authorization: Bearer " + daySecret},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			answer := b.request(t, repairPath, `{`, append(header, "Content-Type: text/plain")...)
			answer.refused(t, http.StatusUnauthorized, problem.Unauthorized)
			require.Equal(t, `Bearer realm="amends"`, answer.Header.Get("WWW-Authenticate"))
		})
	}

	t.Run("NobodyMayIfNoOperatorIsConfigured", func(t *testing.T) {
		t.Parallel()
		p := setupAdmin(t).repair(t, goodRetry).refused(t, http.StatusForbidden, problem.NoOperators)
		require.Contains(t, *p.Detail, "AMENDS_OPERATOR_TOKENS=name=secret")
	})

	t.Run("AnOperatorWithoutASecretIsNobody", func(t *testing.T) {
		t.Parallel()
		b := setupAdmin(t, operator.Operator{Name: "nobody", Secret: ""}, operator.Operator{Name: "night", Secret: nightSecret})
		for _, header := range []string{"Authorization: Bearer ", "Authorization: Bearer"} {
			b.request(t, repairPath, goodRetry, header, "Content-Type: application/json").refused(t, http.StatusUnauthorized, problem.Unauthorized)
		}
		setupAdmin(t, operator.Operator{Name: "nobody", Secret: ""}).repair(t, goodRetry).refused(t, http.StatusForbidden, problem.NoOperators)
	})

	t.Run("AProcessWithoutAnAPIHasNoSuchRoute", func(t *testing.T) {
		t.Parallel()
		w := httptest.NewRecorder()
		NewAdmin(Admin{Logger: slog.New(slog.DiscardHandler)}).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, repairPath, nil))
		require.Equal(t, http.StatusNotFound, w.Code)
	})
}

func TestRepairRefusesABadBody(t *testing.T) {
	t.Parallel()
	b := bothOperators(t)
	for name, c := range map[string]struct {
		body   string
		status int
		code   fault.Code
		fields []string
	}{
		"None":           {``, 400, problem.MalformedBody, nil},
		"NotJSON":        {`{`, 400, problem.MalformedBody, nil},
		"AList":          {`[]`, 400, problem.MalformedBody, nil},
		"TheOperator":    {`{"step": "s", "action": "retry", "reason": "r", "operator": "day"}`, 400, problem.MalformedBody, []string{"/operator UNKNOWN_FIELD"}},
		"Twice":          {`{"step": "s", "step": "t", "action": "retry", "reason": "r"}`, 400, problem.MalformedBody, []string{"/step DUPLICATE_FIELD"}},
		"OtherCase":      {`{"Step": "s", "action": "retry", "reason": "r"}`, 400, problem.MalformedBody, []string{"/Step UNKNOWN_FIELD", "/step REQUIRED"}},
		"NothingSaid":    {`{}`, 422, problem.ValidationFailed, []string{"/action REQUIRED", "/step REQUIRED"}},
		"OtherAction":    {`{"step": "s", "action": "undo", "reason": "r"}`, 422, problem.ValidationFailed, []string{"/action NOT_ALLOWED"}},
		"WrongTypes":     {`{"step": 1, "action": true, "reason": null}`, 422, problem.ValidationFailed, []string{"/action NOT_ALLOWED", "/reason WRONG_TYPE", "/step WRONG_TYPE"}},
		"LongReason":     {`{"step": "s", "action": "retry", "reason": "` + strings.Repeat("r", 501) + `"}`, 422, problem.ValidationFailed, []string{"/reason TOO_LONG"}},
		"LongReference":  {`{"step": "s", "action": "skip", "reason": "r", "reference": "` + strings.Repeat("r", 201) + `"}`, 422, problem.ValidationFailed, []string{"/reference TOO_LONG"}},
		"ControlInWords": {`{"step": "s", "action": "retry", "reason": "a\nb"}`, 422, problem.ValidationFailed, []string{"/reason NOT_ALLOWED"}},
		"CardInReason":   {`{"step": "s", "action": "retry", "reason": "card 4111.1111.1111.1111"}`, 422, problem.ValidationFailed, []string{"/reason CARD_NUMBER"}},
		"CardInRef":      {`{"step": "s", "action": "skip", "reason": "r", "reference": "4111 1111 1111 1111"}`, 422, problem.ValidationFailed, []string{"/reference CARD_NUMBER"}},
		"CardInStep":     {`{"step": "4111111111111111", "action": "retry", "reason": "r"}`, 422, problem.ValidationFailed, []string{"/step CARD_NUMBER"}},
		"CardInAck":      {`{"action": "acknowledge", "reason": "paid by 4111/1111/1111/1111"}`, 422, problem.ValidationFailed, []string{"/reason CARD_NUMBER"}},
		"NoStepToSkip":   {`{"action": "skip", "reason": "r"}`, 422, problem.ValidationFailed, []string{"/step REQUIRED"}},
		"AckOfARefund":   {`{"refund": "01985555-5555-8555-8555-555555555555", "action": "acknowledge", "reason": "r"}`, 422, problem.ValidationFailed, []string{"/refund NOT_ALLOWED"}},
		"AckOfAStep":     {`{"step": "s", "action": "acknowledge", "reason": "r"}`, 422, problem.ValidationFailed, []string{"/step NOT_ALLOWED"}},
		"AckNoReason":    {`{"action": "acknowledge"}`, 422, saga.ReasonMissing, []string{"/reason REQUIRED"}},
		"NoReason":       {`{"step": "s", "action": "retry"}`, 422, saga.ReasonMissing, []string{"/reason REQUIRED"}},
		"BlankReason":    {`{"step": "s", "action": "retry", "reason": "  "}`, 422, saga.ReasonMissing, []string{"/reason REQUIRED"}},
		"EmptyReason":    {`{"step": "s", "action": "retry", "reason": ""}`, 422, saga.ReasonMissing, []string{"/reason REQUIRED"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := b.repair(t, c.body).refused(t, c.status, c.code)
			var fields []string
			if p.Errors != nil {
				for _, e := range *p.Errors {
					fields = append(fields, e.Pointer+" "+e.Code)
				}
			}
			if c.fields != nil {
				require.ElementsMatch(t, c.fields, fields)
			}
		})
	}
	t.Run("OtherMediaType", func(t *testing.T) {
		t.Parallel()
		b.request(t, repairPath, goodRetry, "Authorization: Bearer "+nightSecret, "Content-Type: text/plain").
			refused(t, http.StatusUnsupportedMediaType, problem.MediaTypeUnsupported)
	})
	t.Run("TooLarge", func(t *testing.T) {
		t.Parallel()
		b.repair(t, `{"step": "`+strings.Repeat("s", 2<<20)).refused(t, http.StatusRequestEntityTooLarge, problem.BodyTooLarge)
	})
	t.Run("NotAnOrder", func(t *testing.T) {
		t.Parallel()
		b.request(t, "/v1/orders/nope/repair", goodRetry, "Authorization: Bearer "+nightSecret, "Content-Type: application/json").
			refused(t, http.StatusBadRequest, problem.OrderIDInvalid)
	})
	t.Run("NotAcceptable", func(t *testing.T) {
		t.Parallel()
		b.repair(t, goodRetry, "Accept: text/html").refused(t, http.StatusNotAcceptable, problem.NotAcceptable)
	})
}

func TestAdminContractIsServedWithWhatItRefersTo(t *testing.T) {
	t.Parallel()
	b := bothOperators(t)
	for path, want := range map[string]string{"/admin.yaml": string(contract.AdminYAML), "/openapi.yaml": string(contract.PublicYAML)} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.admin.URL+path, http.NoBody)
		require.NoError(t, err)
		answer := b.send(t, r)
		require.Equal(t, http.StatusOK, answer.StatusCode)
		require.Equal(t, want, answer.text)
	}
}

func TestOrderListsAreNeverNull(t *testing.T) {
	t.Parallel()
	for _, o := range []any{apiorders.Render(read.Snapshot{}), operator.Render(read.Snapshot{})} {
		text, err := json.Marshal(o)
		require.NoError(t, err)
		require.NotContains(t, string(text), "null")
	}
}
