package doctor_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/proof/clinic"
	"github.com/amends/amends/saga/audit"
	paymentaudit "github.com/amends/amends/services/payment/audit"
	"github.com/amends/amends/workflows/doctor/judge"
)

// An undo matches its do, happens once, and the recorded answer matches the rows.
// Each damage violates one of these.
func TestTheDoctorFindsAnUndoAndAnAnswerThatAreNotExact(t *testing.T) {
	t.Parallel()

	type damage struct{ book, statement string } // ? stands for the order
	undo, answer := audit.Undo, audit.Answer
	for name, tc := range map[string]struct {
		token   string
		damage  []damage
		want    []audit.Kind
		service string // of the undo or answer finding
	}{
		"AReleaseOfNothing": {"tok_capture_declined", []damage{
			{"inventory", "DELETE FROM reservation_lines WHERE saga = ?"}, {"inventory", "DELETE FROM reservations WHERE saga = ?"},
		}, []audit.Kind{undo}, "inventory"},
		"AReleaseOfOtherUnits": {"tok_capture_declined", []damage{
			{"inventory", "UPDATE reservation_lines SET quantity = 7 WHERE saga = ? AND sku = 'MUG'"},
		}, []audit.Kind{undo}, "inventory"},
		"AVoidOfWhatTheProviderNeverHad": {"tok_capture_declined", []damage{
			{"provider", "DELETE FROM effects WHERE key = ? || '/payment.authorize'"},
		}, []audit.Kind{undo}, "payment"},
		"AVoidOfWhatOurBarrierSaysNeverWas": {"tok_capture_declined", []damage{
			{"payment", "UPDATE barrier SET state = 'blocked' WHERE saga = ? AND step = 'payment.authorize'"},
		}, []audit.Kind{undo}, "payment"},
		"AVoidOfWhatWasDeclined": {"tok_declined", []damage{
			{"provider", "UPDATE effects SET state = 'voided', reason = '' WHERE key = ? || '/payment.authorize'"},
		}, []audit.Kind{undo}, "payment"},
		"AVoidThatTheLedgerDoesNotHave": {"tok_capture_declined", []damage{
			{"payment", "DELETE FROM postings WHERE payment_id IN (SELECT id FROM payments WHERE saga = ?)"},
		}, []audit.Kind{paymentaudit.Ledger}, ""},
		"ASecondRefundAtTheProvider": {"tok_visa", []damage{
			{"provider", `INSERT INTO effects SELECT 'by phone', 'refund', 'refunded', amount, currency, 'ref_1', key, '', '', created_at, updated_at
				FROM effects WHERE key = ? || '/payment.capture'`},
			{"provider", `INSERT INTO effects SELECT replace(key, 'capture', 'refund'), 'refund', 'refunded', amount + 1, currency, 'ref_2', key, '', '', created_at, updated_at
				FROM effects WHERE key = ? || '/payment.capture'`},
		}, []audit.Kind{paymentaudit.ProviderBook, undo, judge.UnknownOrder}, "payment"},
		"AParcelThatOnlyTheCarrierHadAndTookBack": {"tok_declined", []damage{
			{"carrier", `INSERT INTO bookings SELECT ? || '/shipping.book/BER', 'cancelled', warehouse, 'SIM-1', fingerprint, lost_replies, created_at, updated_at
				FROM bookings ORDER BY booking_key LIMIT 1`},
		}, []audit.Kind{undo}, "shipping"},
		"AParcelThatWasTakenBackAndTheCarrierNeverHad": {"tok_capture_declined", []damage{
			{"carrier", "DELETE FROM bookings WHERE booking_key = ? || '/shipping.book/BER'"},
		}, []audit.Kind{undo}, "shipping"},
		"AnUndoThatWasNone": {"tok_capture_declined", []damage{
			{"shipping", "DELETE FROM shipments WHERE saga = ?"},
		}, []audit.Kind{undo}, "shipping"},

		"AnAuthorizationThatWasAnsweredOtherwise": {"tok_visa", []damage{
			{"payment", "UPDATE barrier SET outcome = replace(outcome, '12600', '12500') WHERE saga = ? AND step = 'payment.authorize'"},
		}, []audit.Kind{answer}, "payment"},
		"AnInvoiceThatIsAnother": {"tok_visa", []damage{
			{"payment", "UPDATE barrier SET outcome = replace(outcome, 'INV-', 'INX-') WHERE saga = ? AND step = 'payment.capture'"},
		}, []audit.Kind{answer}, "payment"},
		"AReservationThatWasAnsweredOtherwise": {"tok_visa", []damage{
			{"inventory", `UPDATE barrier SET outcome = replace(outcome, '"quantity":2', '"quantity":1') WHERE saga = ? AND step = 'inventory.reserve'`},
		}, []audit.Kind{answer}, "inventory"},
		"ASaleThatWasAnsweredOtherwise": {"tok_visa", []damage{
			{"inventory", `UPDATE barrier SET outcome = '{"units":2}' WHERE saga = ? AND step = 'inventory.commit'`},
		}, []audit.Kind{answer}, "inventory"},
		"ATrackingNumberThatIsAnother": {"tok_visa", []damage{
			{"shipping", "UPDATE barrier SET outcome = replace(outcome, 'SIM-', 'SAM-') WHERE saga = ?"},
		}, []audit.Kind{answer}, "shipping"},
		"AnAnswerThatNobodyCanRead": {"tok_visa", []damage{
			{"catalog", "UPDATE barrier SET outcome = '?' || outcome WHERE saga = ?"},
		}, []audit.Kind{answer}, "catalog"},
		"AQuoteThatIsGone": {"tok_visa", []damage{
			{"catalog", "DELETE FROM barrier WHERE saga = ?"},
		}, []audit.Kind{judge.Quote}, "catalog"},
		"AReferenceThatTheProviderDoesNotHave": {"tok_visa", []damage{
			{"provider", "UPDATE effects SET reference = 'other' WHERE key = ? || '/payment.capture'"},
		}, []audit.Kind{paymentaudit.ProviderBook}, "payment"},
		"ASaleThatNobodyMade": {"tok_visa", []damage{
			{"inventory", "DELETE FROM barrier WHERE saga = ? AND step = 'inventory.commit'"},
		}, []audit.Kind{audit.Barrier}, "inventory"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := clinic.New(t)
			c.Place(t, "tok_visa") // healthy ones
			c.Place(t, "tok_capture_declined")
			id := c.Place(t, tc.token).ID
			require.Empty(t, c.Diagnose(t).Findings)
			for _, d := range tc.damage {
				c.Injure(t, d.book, d.statement, id)
			}
			r := c.Diagnose(t)
			require.Equal(t, tc.want, clinic.Kinds(r), r.Findings)
			require.False(t, r.OK)
			require.Empty(t, c.Engine.Resumed, "which side is right is for a person to say")
			for _, f := range r.Findings {
				require.False(t, f.Repairable, f)
				if f.Kind == undo || f.Kind == answer {
					require.Equal(t, id, f.Order)
					require.Equal(t, tc.service, f.Service)
				}
			}
		})
	}
}
