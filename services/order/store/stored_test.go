package store_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/saga/ledger"
	"github.com/amends/amends/services/order"
)

// The columns of an order that was written long ago. They never change: such rows are
// in databases, however the types change.
const (
	storedAttention = `[{"step":"payment.authorize","code":"PROVIDER_TIMEOUT","kind":"unknown","owed":"money held","since":"2026-05-04T12:00:00.123456789Z"},` +
		`{"step":"shipping.book","code":"REQUEST_MISMATCH","kind":"bug","owed":"","since":"2026-05-04T12:00:00.123456789Z","lasting":true}]`
	storedWaivers = `[{"step":"payment.authorize","code":"PROVIDER_TIMEOUT","owed":"money held","reason":"the provider is gone",` +
		`"operator":"op_1","reference":"TICKET-7","at":"2026-05-04T12:00:00.123456789Z"}]`
	storedAcknowledgements = `[{"flags":[{"step":"shipping.book","code":"INVALID","kind":"bug","owed":"","since":"2026-05-04T12:00:00.123456789Z","lasting":true}],` +
		`"reason":"read the log","operator":"night","reference":"case 4711","at":"2026-05-04T13:00:00.123456789Z","request":"r1"}]`
)

func TestStoredJSONStaysReadable(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b testBundle) {
		b.create(t, "o1")
		require.NoError(t, b.db.WithContext(t.Context()).Exec(
			"UPDATE orders SET attention = ?, waivers = ?, acknowledgements = ? WHERE id = 'o1'",
			storedAttention, storedWaivers, storedAcknowledgements).Error)

		rec, err := b.Get(t.Context(), "o1")
		require.NoError(t, err)
		lasting := ledger.Attention{Step: "shipping.book", Code: "REQUEST_MISMATCH", Kind: "bug", Since: noted, Lasting: true}
		require.Equal(t, []ledger.Attention{void, lasting}, rec.Attention)
		require.Equal(t, []ledger.Waiver{waived}, rec.Waivers)
		require.Equal(t, []ledger.Acknowledgement{{
			Flags:  []ledger.Attention{{Step: "shipping.book", Code: "INVALID", Kind: "bug", Since: noted, Lasting: true}},
			Reason: "read the log", Operator: "night", Reference: "case 4711", At: noted.Add(time.Hour), Request: "r1",
		}}, rec.Acknowledgements)

		// A newer note writes the same columns again: an older version must still read them.
		require.NoError(t, b.Note(t.Context(), note("o1"), order.Note{At: noted.Add(time.Hour), Attention: rec.Attention, Waivers: rec.Waivers}))
		var again struct{ Attention, Waivers, Acknowledgements string }
		require.NoError(t, b.db.WithContext(t.Context()).Table("orders").Where("id = 'o1'").Take(&again).Error)
		require.JSONEq(t, storedAttention, again.Attention)
		require.JSONEq(t, storedWaivers, again.Waivers)
		require.JSONEq(t, storedAcknowledgements, again.Acknowledgements)
	})
}
