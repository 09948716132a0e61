package api

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/api/problem"
	"github.com/amends/amends/fault"
)

// batch requires the batch of an answer.
func batch(t *testing.T, a response, status int) (b contract.Batch) {
	t.Helper()
	require.Equal(t, status, a.StatusCode, a.text)
	require.NoError(t, json.Unmarshal([]byte(a.text), &b))
	return b
}

const otherOrder = "019a3f6c-6c2e-8b1d-9d7e-0f3a5b8c1e99"

func (b *adminBundle) startBatch(t *testing.T) contract.Batch {
	t.Helper()
	return batch(t, b.request(t, "/v1/batches", `{"action": "retry", "reason": "they are back", "orders": ["`+someOrder+`", "`+otherOrder+`"]}`, asNight, "Content-Type: application/json"), http.StatusCreated)
}

func (b *adminBundle) note(t *testing.T, id, note string) response {
	t.Helper()
	return b.request(t, "/v1/batches/"+id+"/notes", note, asNight, "Content-Type: application/json")
}

func TestABatchIsAListThatIsKept(t *testing.T) {
	t.Parallel()
	b := audited(t, &fakeJournal{})
	made := b.startBatch(t)
	require.Equal(t, []contract.BatchOrder{{Id: someOrder, State: "waiting"}, {Id: otherOrder, State: "waiting"}}, made.Orders)
	require.Equal(t, []any{"retry", "they are back", "night", false}, []any{made.Action, made.Reason, made.By, made.Stopped})

	batch(t, b.note(t, made.Id, `{"order": "`+otherOrder+`", "state": "done", "note": "settled: CONFIRMED"}`), http.StatusOK)
	stopped := batch(t, b.note(t, made.Id, `{"state": "stopped"}`), http.StatusOK)
	require.True(t, stopped.Stopped)
	resumed := batch(t, b.note(t, made.Id, `{"state": "resumed"}`), http.StatusOK)
	require.Equal(t, []any{false, int64(2)}, []any{resumed.Stopped, resumed.Turn})

	read := batch(t, askAdmin(t, b.admin, http.MethodGet, "/v1/batches/"+made.Id, "", asNight), http.StatusOK)
	require.Equal(t, resumed, read)
	require.Equal(t, []contract.BatchOrder{{Id: someOrder, State: "waiting"}, {Id: otherOrder, State: "done", Note: new("settled: CONFIRMED"), By: new("night")}}, read.Orders)

	var did []string
	for _, a := range b.audit(t, "").Acts {
		require.Equal(t, []any{"batch", made.Id}, []any{a.Kind, deref(a.About)})
		did = append(did, a.Did)
	}
	require.Equal(t, []string{"resumed", "stopped", "retry 2 orders"}, did, "the audit has no line for each order")
}

func TestABatchRefusesOrdersThatAreNone(t *testing.T) {
	t.Parallel()
	b := audited(t, &fakeJournal{})
	for _, orders := range []string{"", `"x"`, `"` + someOrder + `", "` + strings.ToUpper(someOrder) + `"`, `"` + someOrder + `", "` + someOrder + `"`} {
		b.request(t, "/v1/batches", `{"action": "retry", "reason": "r", "orders": [`+orders+`]}`, asNight, "Content-Type: application/json").refused(t, http.StatusUnprocessableEntity, problem.ValidationFailed)
	}
	id := b.startBatch(t).Id
	for _, note := range []string{`{"state": "done"}`, `{"state": "stopped", "order": "` + someOrder + `"}`, `{"state": "waiting", "order": "` + someOrder + `"}`, `{"state": "stopped", "note": "4270 1283 4567 8902"}`} {
		b.note(t, id, note).refused(t, http.StatusUnprocessableEntity, problem.ValidationFailed)
	}
	b.note(t, id, `{"state": "done", "order": "019a3f6c-6c2e-8b1d-9d7e-0f3a5b8c1e77"}`).refused(t, http.StatusNotFound, fault.NotFound)
	b.note(t, "K3Q7XA2MB5TD", `{"state": "stopped"}`).refused(t, http.StatusNotFound, fault.NotFound)
	askAdmin(t, b.admin, http.MethodGet, "/v1/batches/K3Q7XA2MB5TD", "", asNight).refused(t, http.StatusNotFound, fault.NotFound)
}

// TestNoBatchIsTheListOfAllRequests: a path may have an empty id, which the journal has, too.
func TestNoBatchIsTheListOfAllRequests(t *testing.T) {
	t.Parallel()
	b := audited(t, &fakeJournal{})
	b.startBatch(t)
	before := b.audit(t, "")
	require.Len(t, before.Acts, 1)
	for _, id := range []string{"", "k3q7xa2mb5td", "K3Q7%20", strings.Repeat("K", 300)} {
		b.note(t, id, `{"state": "stopped"}`).refused(t, http.StatusNotFound, fault.NotFound)
	}
	require.Equal(t, before, b.audit(t, ""))
}

func TestABatchNeedsItsJournal(t *testing.T) {
	t.Parallel()
	j := &fakeJournal{}
	b := audited(t, j)
	id := b.startBatch(t).Id
	j.mu.Lock()
	j.away = true
	j.mu.Unlock()
	b.request(t, "/v1/batches", `{"action": "retry", "reason": "r", "orders": ["`+someOrder+`"]}`, asNight, "Content-Type: application/json").refused(t, http.StatusServiceUnavailable, fault.Unavailable)
	askAdmin(t, b.admin, http.MethodGet, "/v1/batches/"+id, "", asNight).refused(t, http.StatusServiceUnavailable, fault.Unavailable)
	b.note(t, id, `{"state": "stopped"}`).refused(t, http.StatusServiceUnavailable, fault.Unavailable)
}
