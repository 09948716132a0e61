package api

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/api/operator"
	"github.com/amends/amends/api/problem"
	"github.com/amends/amends/api/users"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/services/user"
	"github.com/amends/amends/workflows"
)

// fakeJournal is a user service that keeps acts in memory. An id is a position.
type fakeJournal struct {
	users.Service

	mu   sync.Mutex
	acts []user.Act
	away bool
}

func (f *fakeJournal) Keep(_ context.Context, all ...user.Act) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.away {
		return fault.Errorf(fault.Transient, fault.Unavailable, "10.0.0.7 is away")
	}
	if err := user.ValidateActs(all); err != nil {
		return err
	}
	for _, a := range all {
		a.ID, a.At = strconv.Itoa(len(f.acts)), time.Now()
		f.acts = append(f.acts, a)
	}
	return nil
}

func (f *fakeJournal) Acts(_ context.Context, batch, before string, limit int) (page []user.Act, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	end := len(f.acts)
	if before != "" {
		if end, err = strconv.Atoi(before); err != nil {
			return nil, fault.Errorf(fault.Business, fault.Invalid, "no page has this id")
		}
	}
	for i := end - 1; i >= 0 && len(page) < limit; i-- {
		if f.acts[i].Batch == batch {
			page = append(page, f.acts[i])
		}
	}
	if f.away {
		err = fault.Errorf(fault.Transient, fault.Unavailable, "10.0.0.7 is away")
	}
	return page, err
}

// audited is an admin address whose requests are kept in a journal.
func audited(t *testing.T, j *fakeJournal) *adminBundle {
	t.Helper()
	b := &adminBundle{testBundle: shopWith(t, quick, WithUsers(j, nil))}
	b.temporal.query, b.temporal.describe = knows(workflows.StatusPending), described(t, enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING, nil)
	b.temporal.repair = func(context.Context, client.UpdateWorkflowOptions) (saga.RepairResult, error) {
		return saga.RepairResult{}, nil
	}
	b.temporal.judge = func(string, saga.RepairRequest) (saga.Verdict, error) { return saga.Verdict{}, nil }
	b.logs = &logs{}
	b.admin = httptest.NewServer(NewAdmin(Admin{
		Repairs: b.server, Letters: &fakeDesk{groups: []string{"payment"}}, Doctor: &fakeDoctor{}, Instances: instances,
		Logger: slog.New(slog.NewTextHandler(b.logs, nil)), Operators: []operator.Operator{{Name: "night", Secret: nightSecret}},
	}))
	t.Cleanup(b.admin.Close)
	return b
}

// audit requires a page of the audit.
func (b *adminBundle) audit(t *testing.T, query string) (page contract.Audit) {
	t.Helper()
	answer := askAdmin(t, b.admin, http.MethodGet, "/v1/audit"+query, "", asNight)
	require.Equal(t, http.StatusOK, answer.StatusCode, answer.text)
	require.NoError(t, json.Unmarshal([]byte(answer.text), &page))
	require.NotNil(t, page.Acts, "an empty list is a list")
	return page
}

func TestTheAuditHasTheRequestsThatWereCarriedOut(t *testing.T) {
	t.Parallel()
	b := audited(t, &fakeJournal{})
	send := func(path, body string, status int) {
		t.Helper()
		answer := b.request(t, path, body, asNight, "Content-Type: application/json")
		require.Equal(t, status, answer.StatusCode, answer.text)
	}
	require.Empty(t, b.audit(t, "").Acts)
	send(repairPath, goodRetry, http.StatusOK)
	send(repairPath, dry(goodRetry), http.StatusOK)
	for _, query := range []string{"", "?personal=false", "?personal=true"} {
		require.Equal(t, http.StatusOK, askAdmin(t, b.admin, http.MethodGet, "/v1/orders/"+someOrder+query, "", asNight).StatusCode)
	}
	send("/v1/dead-letters/e1/redrive", `{"group": "payment", "reason": "it is mended"}`, http.StatusAccepted)
	send("/v1/dead-letters/e1/redrive", `{"group": "none", "reason": "it is refused"}`, http.StatusNotFound)
	send("/v1/redrives", `{"group": "payment", "reason": "it is mended"}`, http.StatusAccepted)
	send("/v1/doctor/runs", `{"dry_run": true}`, http.StatusOK)
	send("/v1/doctor/runs", `{"dry_run": false}`, http.StatusOK)

	type act struct{ by, kind, about, did, reason string }
	var all []act
	for query := "?limit=2"; ; {
		page := b.audit(t, query)
		for _, a := range page.Acts {
			require.WithinDuration(t, time.Now(), a.At, time.Minute)
			all = append(all, act{a.By, a.Kind, deref(a.About), a.Did, deref(a.Reason)})
		}
		if page.NextCursor == nil {
			break
		}
		query = "?limit=2&cursor=" + *page.NextCursor
	}
	require.Equal(t, []act{
		{"night", "platform", "", "run the doctor", ""},
		{"night", "letter", "payment", "redrive all", "it is mended"},
		{"night", "letter", "payment/e1", "redrive", "it is mended"},
		{"night", "order", someOrder, "look at personal data", ""},
		{"night", "order", someOrder, "retry payment.authorize", "they are back"},
	}, all)
	last := b.audit(t, "?limit="+strconv.Itoa(len(all)))
	require.Len(t, last.Acts, len(all))
	require.Nil(t, last.NextCursor, "a page that is full, and the last one")
	askAdmin(t, b.admin, http.MethodGet, "/v1/audit?cursor=else", "", asNight).refused(t, http.StatusUnprocessableEntity, problem.ValidationFailed)
}

// TestARepairNeedsNoAudit: orders keep their own requests, and are repaired most when something
// is down.
func TestARepairNeedsNoAudit(t *testing.T) {
	t.Parallel()
	b := audited(t, &fakeJournal{away: true})
	require.Equal(t, http.StatusOK, b.repair(t, goodRetry).StatusCode)
	require.Contains(t, b.logs.String(), `msg="a request is not in the audit"`)
	askAdmin(t, b.admin, http.MethodGet, "/v1/audit", "", asNight).refused(t, http.StatusServiceUnavailable, fault.Unavailable)
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
