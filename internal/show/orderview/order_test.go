package orderview_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/activities"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/show"
	"github.com/amends/amends/internal/show/orderview"
	"github.com/amends/amends/internal/watch"
	"github.com/amends/amends/internal/watch/stuck"
	"github.com/amends/amends/workflows"
)

// wide returns a screen that is wide enough for everything.
func wide(b *strings.Builder) show.Screen { return show.Screen{Writer: b, Width: 200} }

// equalGolden compares text with a file of testdata.
func equalGolden(t *testing.T, name, text string) {
	t.Helper()
	want, err := os.ReadFile(filepath.Join("testdata", name))
	require.NoError(t, err)
	require.Equal(t, string(want), text)
}

var words = watch.NewWords(activities.Words{Codes: map[fault.Code]string{"PROVIDER_TIMEOUT": "the provider gave no answer"}})

// parse returns the value that a JSON text holds.
func parse[T any](t *testing.T, text string) T {
	t.Helper()
	var v T
	require.NoError(t, json.Unmarshal([]byte(text), &v))
	return v
}

func TestOrder(t *testing.T) {
	t.Parallel()

	t.Run("ShowsTheSagaAndWhatOperatorsDid", func(t *testing.T) {
		t.Parallel()
		o := parse[workflows.OrderView](t, `{"id": "o1", "customer_id": "c1", "status": "PENDING", "lines": [{"sku": "MUG", "quantity": 2}], "created_at": "2026-01-02T03:04:05Z",
			"waivers": [{"step": "shipping.book", "code": "CARRIER_TIMEOUT", "owed": "parcels booked", "reason": "fetched by van", "operator": "day", "reference": "V7", "at": "2026-01-02T03:06:00Z"}],
			"repairs": [{"step": "payment.authorize", "action": "retry", "reason": "the provider is back", "operator": "night", "at": "2026-01-02T03:07:00Z"}],
			"steps": [{"name": "order.record", "state": "done", "attempts": 1, "started_at": "2026-01-02T03:04:05Z", "ended_at": "2026-01-02T03:04:05.5Z"},
				{"name": "payment.authorize", "state": "running", "attempts": 3, "started_at": "2026-01-02T03:04:06Z", "error": "PROVIDER_TIMEOUT", "exposure": "money held"}]}`)
		var b strings.Builder
		require.NoError(t, orderview.Write(wide(&b), o, words))
		equalGolden(t, "order.txt", b.String())
	})

	t.Run("FitsEightyColumns", func(t *testing.T) {
		t.Parallel()
		o := parse[workflows.OrderView](t, `{"id": "0745e5c6-e86f-813c-8fbf-1c5dad8202d4", "status": "PENDING", "needs_attention": true, "created_at": "2026-01-02T03:04:05Z",
			"attention": [{"step": "payment.authorize", "code": "PROVIDER_TIMEOUT", "since": "2026-01-02T03:05:00Z", "owed": "money held"}],
			"steps": [{"name": "payment.authorize", "state": "running", "attempts": 3, "started_at": "2026-01-02T03:04:06Z", "ended_at": "2026-01-02T03:04:07Z",
				"error": "PROVIDER_TIMEOUT", "exposure": "the money of the order is held at the payment provider"}]}`)
		var b strings.Builder
		require.NoError(t, orderview.Write(show.Screen{Writer: &b, Width: 80}, o, words))
		equalGolden(t, "narrow.txt", b.String())
	})

	t.Run("SaysWhyItNeedsAttention", func(t *testing.T) {
		t.Parallel()
		o := parse[workflows.OrderView](t, `{"id": "o1", "status": "PENDING", "needs_attention": true,
			"attention": [{"step": "payment.authorize", "code": "PROVIDER_TIMEOUT", "since": "2026-01-02T03:05:00Z", "owed": "money held"}]}`)
		var b strings.Builder
		require.NoError(t, orderview.Write(wide(&b), o, words))
		for _, words := range []string{"NEEDS ATTENTION", "PROVIDER_TIMEOUT", "2026-01-02 03:05:00.000Z", "the provider gave no answer", "money held"} {
			require.Contains(t, b.String(), words)
		}
	})

	t.Run("ShowsAConfirmedOrderWithoutEmptyTables", func(t *testing.T) {
		t.Parallel()
		o := parse[workflows.OrderView](t, `{"id": "o1", "customer_id": "c1", "status": "CONFIRMED", "total": {"amount": 499, "currency": "EUR"}, "created_at": "2026-01-02T03:04:05Z",
			"parcels": [{"warehouse": "BER", "tracking_number": "T1", "state": "booked"}]}`)
		var b strings.Builder
		require.NoError(t, orderview.Write(wide(&b), o, words))
		equalGolden(t, "confirmed.txt", b.String())
	})
}

func TestFlagged(t *testing.T) {
	t.Parallel()
	found := parse[[]watch.FlaggedOrder](t, `[
		{"id": "o1", "status": "PENDING", "attention": [{"step": "payment.authorize", "code": "PROVIDER_TIMEOUT", "reason": "the payment provider gave no answer", "owed": "money held", "since": "2026-01-02T03:05:00Z"}]},
		{"id": "o2", "status": "CANCELLED", "acknowledgements": [{"reason": "read the log", "operator": "night", "reference": "case 4712", "at": "2026-01-02T03:08:00Z", "flags": [{"step": "shipping.book", "code": "REQUEST_MISMATCH"}]}]}]`)
	var b strings.Builder
	require.NoError(t, orderview.Flagged(wide(&b), found, 5))
	equalGolden(t, "flagged.txt", b.String())
}

func TestStuck(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	require.NoError(t, orderview.Stuck(wide(&b), stuck.Report{}, 0))
	require.Equal(t, "no order is stuck\n", b.String())

	b.Reset()
	report := parse[stuck.Report](t, `{"unexamined": 7, "orders": [{"id": "o1", "placed_at": "2026-01-02T03:04:05Z",
		"symptoms": [{"cause": "no_worker", "reason": "no worker polls queue \"payment\" for payment.authorize", "since": "2026-01-02T03:04:06Z"}]}]}`)
	require.NoError(t, orderview.Stuck(wide(&b), report, 2))
	equalGolden(t, "stuck.txt", b.String())
}
