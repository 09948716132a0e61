package api

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/api/operator"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/services/notification"
)

// messages has messages by the order that they are about.
type messages map[string][]notification.Delivery

// About implements [operator.Messages].
func (m messages) About(_ context.Context, subject string) ([]notification.Delivery, error) {
	if m == nil {
		return nil, fault.Errorf(fault.Transient, fault.Unavailable, "the service is away")
	}
	return m[subject], nil
}

func TestOperatorsReadTheMessagesAboutAnOrder(t *testing.T) {
	t.Parallel()
	const told, untold = "0193725e-7c00-8000-8000-000000000001", "0193725e-7c00-8000-8000-000000000002"
	at := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	all := messages{told: {
		{ID: "k1", Kind: notification.OrderConfirmed, Channel: notification.Email, Recipient: "account-1", State: notification.Sent, Address: "ada@canary.example", Locale: "de", Attempts: 2, CreatedAt: at, ExpiresAt: at, NextAt: at, EndedAt: at},
		{ID: "k2", Kind: notification.OrderCancelled, Channel: notification.Email, Recipient: notification.Guest, State: notification.Wanted, Reason: "CHANNEL_TIMEOUT", CreatedAt: at, ExpiresAt: at, NextAt: at},
	}}
	var log bytes.Buffer
	ask := func(m operator.Messages, id, token string) (int, string) {
		w := httptest.NewRecorder()
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/v1/orders/"+id+"/notifications", nil)
		r.Header.Set("Authorization", "Bearer "+token)
		NewAdmin(Admin{
			Messages: m, Operators: []operator.Operator{{Name: "night", Secret: "secret-of-the-night"}}, Logger: slog.New(slog.NewTextHandler(&log, nil)),
		}).ServeHTTP(w, r)
		return w.Code, w.Body.String()
	}
	code, body := ask(all, told, "secret-of-the-night")
	require.Equal(t, http.StatusOK, code, body)
	var got contract.Notifications
	require.NoError(t, json.Unmarshal([]byte(body), &got))
	address, locale, reason := "ada@canary.example", "de", "CHANNEL_TIMEOUT"
	require.Equal(t, []contract.Notification{
		{Id: "k1", Kind: "order.confirmed", Channel: "email", Recipient: "account-1", State: "SENT", Address: &address, Locale: &locale, Attempts: 2, CreatedAt: at, ExpiresAt: at, EndedAt: &at},
		{Id: "k2", Kind: "order.cancelled", Channel: "email", Recipient: "guest", State: "WANTED", Reason: &reason, CreatedAt: at, ExpiresAt: at, NextAt: &at},
	}, got.Notifications)
	code, body = ask(all, untold, "secret-of-the-night")
	require.Equal(t, http.StatusOK, code)
	require.JSONEq(t, `{"notifications": []}`, body)

	for want, f := range map[int]func() (int, string){
		http.StatusUnauthorized:       func() (int, string) { return ask(all, told, "secret-of-the-day") },
		http.StatusNotFound:           func() (int, string) { return ask(nil, told, "secret-of-the-night") },
		http.StatusServiceUnavailable: func() (int, string) { return ask(messages(nil), told, "secret-of-the-night") },
		http.StatusBadRequest:         func() (int, string) { return ask(all, "x", "secret-of-the-night") },
	} {
		code, body := f()
		require.Equal(t, want, code, body)
		require.NotContains(t, body, "canary")
	}
	require.Contains(t, log.String(), "operator=night")
	require.NotContains(t, log.String(), "canary")
}
