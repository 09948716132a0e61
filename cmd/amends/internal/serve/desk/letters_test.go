package desk

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/amends/amends/api"
	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/api/operator"
	"github.com/amends/amends/event"
	"github.com/amends/amends/event/inbox/waiting"
	"github.com/amends/amends/event/lease"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/proof/dbtest"
	paymentstore "github.com/amends/amends/services/payment/store"
)

// dead puts a dead letter of the payment service, and one behind it, into a new database.
func dead(t *testing.T) *gorm.DB {
	t.Helper()
	db := dbtest.Open(t, "sqlite:"+filepath.Join(t.TempDir(), "payment.db"), database.Options{})
	require.NoError(t, append(slices.Clip(paymentstore.Schema), database.Set(lease.Name, lease.Migrations), database.Set(waiting.Name, waiting.Migrations)).Migrate(t.Context(), db))
	now := time.Now().UTC().Truncate(time.Microsecond)
	letter := func(id string) waiting.Letter {
		e := event.Event{ID: id, Type: "amends.order.placed.v1", Key: "ord_1", Correlation: "ord_1", Time: now, Data: json.RawMessage(`{"n":1}`)}
		return waiting.New("payment", e, event.Encode(e), false, now)
	}
	bug := fault.Errorf(fault.Bug, fault.Mismatch, "another amount")
	letters := []waiting.Letter{letter("e1").Fail(now, bug, waiting.Retry{}.WithDefaults()), letter("e2")}
	require.NoError(t, db.Transaction(func(tx *gorm.DB) error { return waiting.Put(tx, letters) }))
	taken, err := lease.Take(db, "payment", "a process", lease.State{})
	require.NoError(t, err)
	require.True(t, taken)
	return db
}

// TestLettersAreThoseOfTheDesk: the admin address shows, redrives and discards the letters
// in a service's database, in the name of the operator.
func TestLettersAreThoseOfTheDesk(t *testing.T) {
	t.Parallel()
	desk := waiting.NewDesk(dead(t))
	admin := api.NewAdmin(api.Admin{
		Letters: Letters{Services: []string{"order", "payment"}, Desk: func(service string) (*waiting.Desk, error) {
			if service == "order" {
				return nil, fault.Errorf(fault.Transient, fault.Unavailable, "the services are stopping")
			}
			return desk, nil
		}},
		Operators: []operator.Operator{{Name: "night", Secret: "night-night-night-1"}}, Logger: slog.New(slog.DiscardHandler),
	})
	ask := func(status int, method, path, body string, into any) {
		t.Helper()
		r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
		r.Header.Set("Authorization", "Bearer night-night-night-1")
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		admin.ServeHTTP(w, r)
		require.Equal(t, status, w.Code, w.Body.String())
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), into))
	}
	var problem contract.Problem
	ask(http.StatusServiceUnavailable, http.MethodGet, "/v1/dead-letters", "", &problem)
	require.Equal(t, "the services are stopping", *problem.Detail)

	var page contract.DeadLetters
	ask(http.StatusOK, http.MethodGet, "/v1/dead-letters?group=payment", "", &page)
	require.Len(t, page.DeadLetters, 1, "without the one that waits behind it")
	l := page.DeadLetters[0]
	require.WithinDuration(t, time.Now(), l.Since, time.Hour)
	require.Equal(t, contract.DeadLetter{
		Id: "e1", Group: "payment", Type: "amends.order.placed.v1", Key: "ord_1", CorrelationId: new("ord_1"), Attempts: 1,
		Code: "REQUEST_MISMATCH", Message: "another amount", Since: l.Since, TriedAt: l.TriedAt, Data: map[string]any{"n": 1.0},
	}, l)
	require.NotNil(t, l.TriedAt)

	var made contract.LetterDecision
	ask(http.StatusAccepted, http.MethodPost, "/v1/dead-letters/e1/redrive", `{"group": "payment", "reason": "fixed in 1.4", "rate": 7}`, &made)
	require.Equal(t, "running", made.State)
	ask(http.StatusNotFound, http.MethodPost, "/v1/dead-letters/e2/redrive", `{"group": "payment", "reason": "r"}`, &problem)
	require.Equal(t, "payment has no dead letter: id e2", *problem.Detail)

	var all, seen contract.Redrive
	ask(http.StatusNotFound, http.MethodPost, "/v1/redrives", `{"group": "payment", "key": "ord_2", "reason": "r"}`, &problem)
	ask(http.StatusAccepted, http.MethodPost, "/v1/redrives", `{"group": "payment", "reason": "fixed in 1.4", "rate": 7}`, &all)
	require.Equal(t, contract.Redrive{
		Id: all.Id, Group: "payment", Selection: "all", Reason: "fixed in 1.4", Operator: "night", Rate: 7, State: "running", CreatedAt: all.CreatedAt, Requested: 1,
	}, all, "without the one that waits")
	ask(http.StatusOK, http.MethodGet, "/v1/redrives/"+all.Id+"?group=payment", "", &seen)
	require.Equal(t, all, seen)
	ask(http.StatusNotFound, http.MethodGet, "/v1/redrives/none?group=payment", "", &problem)
	ask(http.StatusServiceUnavailable, http.MethodGet, "/v1/redrives/"+all.Id+"?group=order", "", &problem)

	ask(http.StatusOK, http.MethodPost, "/v1/dead-letters/e1/discard", `{"group": "payment", "reason": "told by mistake"}`, &made)
	require.Equal(t, "done", made.State)
	ask(http.StatusNotFound, http.MethodPost, "/v1/dead-letters/e1/discard", `{"group": "payment", "reason": "twice"}`, &problem)
	ask(http.StatusOK, http.MethodGet, "/v1/dead-letters?group=payment", "", &page)
	require.Empty(t, page.DeadLetters)

	h, err := desk.Show(t.Context(), "e1")
	require.NoError(t, err)
	require.Len(t, h.Decisions, 3)
	for i, want := range []waiting.Redrive{{Action: "redrive", Reason: "fixed in 1.4", Rate: 7}, {Action: "redrive", Reason: "fixed in 1.4", Rate: 7}, {Action: "discard", Reason: "told by mistake"}} {
		got := h.Decisions[i].Redrive
		require.Equal(t, "night", got.Operator)
		require.Equal(t, want, waiting.Redrive{Action: got.Action, Reason: got.Reason, Rate: got.Rate})
	}
}
