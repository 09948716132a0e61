package api

import (
	"context"
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"

	"github.com/amends/amends/api/problem"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/orders/place"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/services/user"
	"github.com/amends/amends/workflows"
)

// KeepContact implements [records.Records].
func (r *records) KeepContact(ctx context.Context, id, fingerprint string, c order.Contact) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fail != nil {
		if err := r.fail(ctx); err != nil {
			return err
		}
	}
	r.contacts[[2]string{id, fingerprint}] = c
	return nil
}

// withContact is goodBody with a contact.
var withContact = contacting(`{"email": "ada@canary.example", "phone": "+49305550100", "locale": "de-AT"}`)

func TestContactsOfGuests(t *testing.T) {
	t.Parallel()

	t.Run("AreKeptBeforeTheOrderStarts", func(t *testing.T) {
		t.Parallel()
		r := newRecords(0)
		b := setupRecorded(t, r)
		var input []byte
		b.temporal.start = func(ctx context.Context, s started) error {
			r.mu.Lock()
			kept := r.contacts[[2]string{firstOrder, s.input.Placement.Fingerprint}]
			r.mu.Unlock()
			require.Equal(t, order.Contact{Email: "ada@canary.example", Phone: "+49305550100", Locale: "de-AT"}, kept)
			var err error
			input, err = json.Marshal(s.input)
			require.NoError(t, err)
			return r.start(ctx, s)
		}
		b.temporal.query = knows(workflows.StatusPending)
		b.temporal.describe = described(t, enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING, nil)
		answer := b.post(t, withContact)
		answer.order(t, http.StatusAccepted)
		require.NotEmpty(t, input)
		for where, text := range map[string]string{"history": string(input), "answer": answer.text, "log": b.logs.String()} {
			require.NotContains(t, text, "canary", where)
			require.NotContains(t, text, "5550100", where)
		}
		again := b.post(t, withContact)
		again.order(t, http.StatusAccepted)
		require.Equal(t, "true", again.Header.Get("Idempotency-Replayed"))
		require.Equal(t, 1, r.starts)
		require.Len(t, r.contacts, 1)
	})

	t.Run("MakeAnotherRequestOfTheSameKey", func(t *testing.T) {
		t.Parallel()
		for name, other := range map[string]string{
			"none": goodBody, "another address": contacting(`{"email": "eve@canary.example", "phone": "+49305550100", "locale": "de-AT"}`),
			"another language": contacting(`{"email": "ada@canary.example", "phone": "+49305550100", "locale": "en"}`),
		} {
			r := newRecords(0)
			b := setupRecorded(t, r)
			b.temporal.start = r.start
			b.post(t, withContact).order(t, http.StatusAccepted)
			b.post(t, other).refused(t, http.StatusUnprocessableEntity, place.KeyReused)
			require.Equal(t, 1, r.starts, name)
		}
	})

	t.Run("StartNothingIfTheyCannotBeKept", func(t *testing.T) {
		t.Parallel()
		r := newRecords(0)
		r.fail = func(context.Context) error { return fault.Errorf(fault.Transient, fault.Unavailable, "away") }
		for _, b := range []*testBundle{setupRecorded(t, r), setup(t)} { // whose engine expects nothing
			answer := b.post(t, withContact)
			answer.refused(t, http.StatusServiceUnavailable, fault.Unavailable)
			requireRetryAfter(t, answer.Header)
			require.Zero(t, b.temporal.count("place")+b.temporal.count("start"))
		}
	})

	t.Run("AreNotForAccounts", func(t *testing.T) {
		t.Parallel()
		b := accountsOf(t)
		me := b.member(t, "ada@example.com", user.Customer)
		body := contacting(`{"email": "ada@canary.example"}`)
		p := b.do(t, http.MethodPost, "/v1/orders", body, asJSONBody, "Idempotency-Key: "+keyOne, bearer(me)).refused(t, http.StatusUnprocessableEntity, problem.ValidationFailed)
		require.Len(t, *p.Errors, 1)
		require.Equal(t, "/contact", (*p.Errors)[0].Pointer)
		require.Equal(t, string(problem.FieldNotAllowed), (*p.Errors)[0].Code)
	})
}
