package workflows_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/amends/amends/activities"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/workflows"
)

// tokens lead to every shape of a decided order that a payment decides.
var tokens = []string{"tok_visa", "tok_declined", "tok_capture_declined", "tok_auth_expired", "tok_capture_lost", "tok_expired_card"}

func TestTheDoctorFindsNothingInAHealthyShop(t *testing.T) {
	t.Parallel()

	c := newClinic(t)
	for _, token := range tokens {
		c.place(t, token)
	}
	r := c.diagnose(t)
	require.True(t, r.OK)
	require.Empty(t, r.Findings)
	require.Empty(t, r.Unasked)
	require.Equal(t, len(tokens), r.Orders)
	require.Equal(t, len(tokens), r.Judged)
	require.Zero(t, r.SkippedYoung)
}

// The pages are small, so that every saga meets its bounds, and some services
// have sagas in them that the orders' page does not.
func TestTheDoctorGoesOnInPagesAndRuns(t *testing.T) {
	t.Parallel()

	for _, size := range []int{1, 3, 4} {
		c := newClinic(t)
		for _, token := range tokens[:5] {
			c.place(t, token)
		}
		id := c.place(t, "tok_visa").ID
		lose(t, c, id)
		c.in = workflows.ReconcileInput{PageSize: size, PagesPerRun: 2}
		r := c.diagnose(t)
		require.Equal(t, 5, r.Orders, "size %d", size)
		require.Equal(t, []workflows.FindingKind{workflows.FindingUnknownOrder}, kinds(r), "size %d: %v", size, r.Findings)
		require.Len(t, r.Findings, 1, "size %d", size)
		require.Equal(t, id, r.Findings[0].Order)
		require.Equal(t, size < 3, c.runs > 1, "%d runs of size %d", c.runs, size)
	}
}

// lose makes an order as if it had never been. A history it has only if it was
// decided.
func lose(t *testing.T, c *clinic, id string) {
	t.Helper()
	if o, err := c.Orders.Get(t.Context(), id); err == nil && o.Status != order.Pending {
		c.damage(t, "order", "DELETE FROM order_history WHERE order_id = ?", id)
	}
	c.damage(t, "order", "DELETE FROM order_lines WHERE order_id = ?", id)
	c.damage(t, "order", "DELETE FROM orders WHERE id = ?", id)
}

// Each damage is found by its name; what can be mended is.
func TestTheDoctorFindsWhatWasDamaged(t *testing.T) {
	t.Parallel()

	for name, tc := range map[string]struct {
		damage   func(t *testing.T, c *clinic) (id string) // of the order that it is about
		want     []workflows.FindingKind
		repaired bool
		status   order.Status // in the end
	}{
		"ALostOrder": {func(t *testing.T, c *clinic) string {
			t.Helper()
			id := c.place(t, "tok_visa").ID
			lose(t, c, id)
			return id
		}, []workflows.FindingKind{workflows.FindingUnknownOrder}, false, ""},
		"ALostOrderThatWasCancelled": {func(t *testing.T, c *clinic) string {
			t.Helper()
			id := c.place(t, "tok_declined").ID
			lose(t, c, id)
			return id
		}, []workflows.FindingKind{workflows.FindingUnknownOrder}, false, ""},
		"TwoOrdersOfOneCall": {func(t *testing.T, c *clinic) string {
			t.Helper()
			in := c.input()
			c.saga(t, in)
			in.OrderID = uuid.NewString()
			c.saga(t, in)
			return ""
		}, []workflows.FindingKind{workflows.FindingPlacedTwice}, false, ""},
		"ADoubleCapture": {func(t *testing.T, c *clinic) string {
			t.Helper()
			id := c.place(t, "tok_visa").ID
			c.damage(t, "provider", `INSERT INTO effects SELECT key || '#1', kind, state, amount, currency, reference || '2', target || '#1', token_hash, reason, created_at, updated_at
				FROM effects WHERE key = ?`, id+"/payment.capture")
			return id
		}, []workflows.FindingKind{workflows.FindingProviderBook, workflows.FindingTakenTwice}, false, order.Confirmed},
		"AnAmountThatTheProviderHasOtherwise": {func(t *testing.T, c *clinic) string {
			t.Helper()
			id := c.place(t, "tok_visa").ID
			c.damage(t, "provider", "UPDATE effects SET amount = amount + 1 WHERE key = ?", id+"/payment.capture")
			return id
		}, []workflows.FindingKind{workflows.FindingProviderBook}, false, order.Confirmed},
		"ACaptureThatTheProviderDoesNotHave": {func(t *testing.T, c *clinic) string {
			t.Helper()
			id := c.place(t, "tok_visa").ID
			c.damage(t, "provider", "DELETE FROM effects WHERE key = ?", id+"/payment.capture")
			return id
		}, []workflows.FindingKind{workflows.FindingProviderBook}, false, order.Confirmed},
		"AParcelThatOnlyTheCarrierHas": {func(t *testing.T, c *clinic) string {
			t.Helper()
			id := c.place(t, "tok_capture_declined").ID
			c.damage(t, "carrier", "UPDATE bookings SET state = 'booked' WHERE booking_key = ?", id+"/shipping.book/BER")
			return id
		}, []workflows.FindingKind{workflows.FindingCarrierBook, workflows.FindingParcelBooked}, false, order.Cancelled},
		"AnEffectThatTheBarrierSaysIsUndone": {func(t *testing.T, c *clinic) string {
			t.Helper()
			id := c.place(t, "tok_capture_declined").ID
			c.damage(t, "inventory", "UPDATE reservations SET state = 'held' WHERE saga = ?", id)
			return id
		}, []workflows.FindingKind{workflows.FindingBarrier, workflows.FindingStock, workflows.FindingStockHeld}, false, order.Cancelled},
		"AMoneyHoldThatTheBarrierSaysIsUndone": {func(t *testing.T, c *clinic) string {
			t.Helper()
			id := c.place(t, "tok_capture_declined").ID
			c.damage(t, "provider", "UPDATE effects SET state = 'authorized' WHERE key = ?", id+"/payment.authorize")
			return id
		}, []workflows.FindingKind{workflows.FindingMoneyHeld, workflows.FindingProviderBook}, false, order.Cancelled},
		"AStockThatDoesNotAddUp": {func(t *testing.T, c *clinic) string {
			t.Helper()
			c.place(t, "tok_visa")
			c.damage(t, "inventory", "UPDATE stock SET available = available - 1, committed = committed + 1 WHERE sku = 'MUG'")
			return ""
		}, []workflows.FindingKind{workflows.FindingStock}, false, ""},
		"ALedgerThatDoesNotAddUp": {func(t *testing.T, c *clinic) string {
			t.Helper()
			c.place(t, "tok_visa")
			c.damage(t, "payment", "UPDATE postings SET amount = amount - 1 WHERE account = 'revenue'")
			return ""
		}, []workflows.FindingKind{workflows.FindingLedger}, false, ""},
		"AHistoryThatIsNone": {func(t *testing.T, c *clinic) string {
			t.Helper()
			id := c.place(t, "tok_visa").ID
			c.damage(t, "order", "DELETE FROM order_history WHERE order_id = ?", id)
			return id
		}, []workflows.FindingKind{workflows.FindingHistory}, false, order.Confirmed},
		"AConfirmedOrderThatWasDecidedAgainst": {func(t *testing.T, c *clinic) string {
			t.Helper()
			id := c.place(t, "tok_visa").ID
			c.damage(t, "order", "UPDATE orders SET decided = 'DEADLINE', decided_at = updated_at WHERE id = ?", id)
			return id
		}, []workflows.FindingKind{workflows.FindingHistory}, false, order.Confirmed},
		"ACancelledOrderThatWasDecidedAgainstForAnotherReason": {func(t *testing.T, c *clinic) string {
			t.Helper()
			id := c.place(t, "tok_declined").ID
			c.damage(t, "order", "UPDATE orders SET decided = 'OUT_OF_STOCK' WHERE id = ? AND decided = 'PAYMENT_DECLINED'", id)
			return id
		}, []workflows.FindingKind{workflows.FindingHistory}, false, order.Cancelled},
		"AQuoteThatIsAnother": {func(t *testing.T, c *clinic) string {
			t.Helper()
			id := c.place(t, "tok_visa").ID
			c.damage(t, "catalog", `UPDATE barrier SET outcome = replace(outcome, '12600', '12601') WHERE saga = ?`, id)
			return id
		}, []workflows.FindingKind{workflows.FindingAnswer, workflows.FindingQuote}, false, order.Confirmed},

		"ASagaThatWasTerminatedBeforeItsCapture": {func(t *testing.T, c *clinic) string {
			t.Helper()
			return c.stopped(t, false)
		}, []workflows.FindingKind{workflows.FindingSagaStopped}, true, order.Cancelled},
		"ASagaThatIsGoneBeforeItsCapture": {func(t *testing.T, c *clinic) string {
			t.Helper()
			id := c.stopped(t, false)
			delete(c.engine.sagas, id)
			return id
		}, []workflows.FindingKind{workflows.FindingSagaMissing}, true, order.Cancelled},
		"ACancelledOrderThatHoldsWhatCanBeUndone": {func(t *testing.T, c *clinic) string {
			t.Helper()
			id := c.stopped(t, false)
			c.damage(t, "order", "UPDATE orders SET status = 'CANCELLED', reason = 'DEADLINE', changes = 1 WHERE id = ?", id)
			c.damage(t, "order", "INSERT INTO order_history VALUES (?, 1, 'PENDING', 'CANCELLED', 'DEADLINE', ?)", id, time.Now().UTC())
			return id
		}, []workflows.FindingKind{workflows.FindingMoneyHeld, workflows.FindingStockHeld}, true, order.Cancelled},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newClinic(t)
			for _, token := range tokens[:2] { // those that nothing is wrong with
				c.place(t, token)
			}
			id := tc.damage(t, c)

			dry := c.in
			dry.DryRun = true
			c.in, dry = dry, c.in
			r := c.diagnose(t)
			require.Equal(t, tc.want, kinds(r), r.Findings)
			require.False(t, r.OK)
			require.Empty(t, c.engine.resumed, "it was asked to change nothing")
			for _, f := range r.Findings {
				require.Equal(t, tc.repaired, f.Repairable, f)
				if !slices.Contains([]workflows.FindingKind{workflows.FindingStock, workflows.FindingLedger, workflows.FindingPlacedTwice}, f.Kind) {
					require.Equal(t, id, f.Order)
				}
			}

			c.in = dry
			r = c.diagnose(t)
			require.Equal(t, tc.want, kinds(r), r.Findings)
			require.Equal(t, tc.repaired, r.OK, r.Findings)
			require.Empty(t, r.ReportOnlyBecause)
			if tc.repaired {
				require.Equal(t, []string{id}, c.engine.resumed)
				require.Equal(t, len(r.Findings), r.Repaired)
				require.NoError(t, c.Check(t.Context()))
				require.Empty(t, c.diagnose(t).Findings, "a healthy shop again")
			}
			if tc.status != "" {
				record, err := c.Orders.Get(t.Context(), id)
				require.NoError(t, err)
				require.Equal(t, tc.status, record.Status)
			}
		})
	}
}

// A saga that was terminated past its pivot goes forward, as the customer paid.
func TestTheDoctorTakesAPaidOrderForward(t *testing.T) {
	t.Parallel()

	c := newClinic(t)
	v := c.place(t, "tok_visa")
	for _, damage := range []struct{ book, statement string }{
		{"order", "DELETE FROM order_history WHERE order_id = ?"},
		{"order", "UPDATE orders SET status = 'PENDING', changes = 0, total_minor = NULL, total_currency = NULL, view = NULL WHERE id = ?"},
	} {
		c.damage(t, damage.book, damage.statement, v.ID)
	}
	c.engine.sagas[v.ID] = activities.SagaStopped
	r := c.diagnose(t)
	require.Equal(t, []workflows.FindingKind{workflows.FindingSagaStopped}, kinds(r))
	require.True(t, r.OK, r.Findings)
	record, err := c.Orders.Get(t.Context(), v.ID)
	require.NoError(t, err)
	require.Equal(t, order.Confirmed, record.Status)
	require.NoError(t, c.Check(t.Context()))
}

// The payment service was restored from a backup that is older than the capture.
// A saga that is resumed would ask it whether the money was taken.
func TestTheDoctorDoesNotResumeASagaThatWouldBeLiedTo(t *testing.T) {
	t.Parallel()

	c := newClinic(t)
	id := c.stopped(t, true)
	c.damage(t, "payment", "DELETE FROM barrier WHERE saga = ? AND step = 'payment.capture'", id)
	r := c.diagnose(t)
	require.False(t, r.OK)
	require.Empty(t, c.engine.resumed)
	require.Contains(t, r.Findings[0].Detail, "must not be undone")
}

func TestTheDoctorSubtractsWaivers(t *testing.T) {
	t.Parallel()

	c := newClinic(t)
	id := c.stopped(t, false)
	c.damage(t, "order", `UPDATE orders SET status = 'CANCELLED', reason = 'DEADLINE', changes = 1, waivers = ? WHERE id = ?`,
		`[{"step":"inventory.reserve","owed":"stock held","reason":"burnt","operator":"op","at":"2026-11-22T12:00:00Z"},
		  {"step":"payment.authorize","owed":"money held","reason":"by phone","operator":"op","reference":"call 7","at":"2026-11-22T12:00:00Z"}]`, id)
	c.damage(t, "order", "INSERT INTO order_history VALUES (?, 1, 'PENDING', 'CANCELLED', 'DEADLINE', ?)", id, time.Now().UTC())
	r := c.diagnose(t)
	require.True(t, r.OK, r.Findings)
	require.Equal(t, 2, r.WaiverCount)
	require.Equal(t, id, r.Waivers[0].Order)
	require.Equal(t, "call 7", r.Waivers[1].Reference)
}

// Many orders that are wrong in the same way are no accident of each.
func TestTheDoctorTouchesNothingWhenTooMuchIsWrong(t *testing.T) {
	t.Parallel()

	c := newClinic(t)
	for range 11 {
		c.stopped(t, false)
	}
	r := c.diagnose(t)
	require.Equal(t, map[workflows.FindingKind]int{workflows.FindingSagaStopped: 11}, r.Counts)
	require.Contains(t, r.ReportOnlyBecause, "11 findings of kind saga_stopped, more than 10")
	require.Empty(t, c.engine.resumed)
	require.False(t, r.OK)
}

func TestAPersonMaySayHowMuchIsNotTooMuch(t *testing.T) {
	t.Parallel()

	c := newClinic(t)
	for range 3 {
		c.stopped(t, false)
	}
	c.in.AtMost = 2
	r := c.diagnose(t)
	require.Contains(t, r.ReportOnlyBecause, "3 findings of kind saga_stopped, more than 2")
	lose(t, c, r.Findings[0].Order)
	r = c.diagnose(t)
	require.Empty(t, r.ReportOnlyBecause)
	require.Equal(t, 2, r.Repaired)
	require.False(t, r.OK, "one is still lost")
}

func TestTheDoctorSaysWhatItCouldNotAskOrMend(t *testing.T) {
	t.Parallel()

	t.Run("AServiceThatDoesNotAnswer", func(t *testing.T) {
		t.Parallel()
		c := newClinic(t)
		c.place(t, "tok_visa")
		_, err := c.Exec(t.Context(), "shipping", "ALTER TABLE shipments RENAME TO gone")
		require.NoError(t, err)
		r := c.diagnose(t)
		require.False(t, r.OK)
		require.Empty(t, r.Findings, "nobody knows what shipping has")
		require.Len(t, r.Unasked, 1)
		require.Equal(t, "shipping", r.Unasked[0].Service)
	})
	t.Run("AnEngineThatResumesNothing", func(t *testing.T) {
		t.Parallel()
		c := newClinic(t)
		c.stopped(t, false)
		c.engine.down = errors.New("no")
		r := c.diagnose(t)
		require.False(t, r.OK)
		require.True(t, strings.HasPrefix(r.Findings[0].Note, "its saga could not be resumed: "), r.Findings[0].Note)
	})
}

func TestTheDoctorKeepsToItsRate(t *testing.T) {
	t.Parallel()

	c := newClinic(t)
	for _, token := range tokens {
		c.place(t, token)
	}
	c.in = workflows.ReconcileInput{Rate: 2, PageSize: 2}
	r := c.diagnose(t)
	require.True(t, r.OK)
	took := r.Ended.Sub(r.Started)
	require.GreaterOrEqual(t, took, time.Duration(len(tokens))*time.Second/2)
	require.Less(t, took, time.Duration(len(tokens))*time.Second)
	require.Equal(t, 10*time.Second, c.in.Waits(), "of the ten pages of a run")
}

func TestTheDoctorCountsButDoesNotJudgeWhatIsYoungOrFlagged(t *testing.T) {
	t.Parallel()

	c := newClinic(t)
	young := c.input()
	young.Placement.DecideBy = time.Now().Add(3 * time.Hour)
	young.OrderID = uuid.NewString()
	c.saga(t, young)
	c.damage(t, "inventory", "UPDATE reservations SET state = 'held' WHERE saga = ?", young.OrderID)
	c.damage(t, "inventory", "UPDATE stock SET reserved = committed, committed = 0")

	flagged := c.stopped(t, false)
	c.engine.sagas[flagged] = activities.SagaRunning
	c.damage(t, "order", "UPDATE orders SET needs_attention = TRUE WHERE id = ?", flagged)
	r := c.diagnose(t)
	require.Empty(t, r.Findings)
	require.Equal(t, 1, r.SkippedYoung)
	require.Equal(t, 1, r.NeedsAttention)
	require.True(t, r.OK)
}
