package doctor_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/amends/amends/activities"
	"github.com/amends/amends/proof/clinic"
	"github.com/amends/amends/saga/audit"
	inventoryaudit "github.com/amends/amends/services/inventory/audit"
	"github.com/amends/amends/services/order"
	orderaudit "github.com/amends/amends/services/order/audit"
	paymentaudit "github.com/amends/amends/services/payment/audit"
	shippingaudit "github.com/amends/amends/services/shipping/audit"
	"github.com/amends/amends/workflows/doctor"
	"github.com/amends/amends/workflows/doctor/judge"
)

// tokens are payment tokens for every way in which a payment decides an order.
var tokens = []string{"tok_visa", "tok_declined", "tok_capture_declined", "tok_auth_expired", "tok_capture_lost", "tok_expired_card"}

func TestTheDoctorFindsNothingInAHealthyShop(t *testing.T) {
	t.Parallel()

	c := clinic.New(t)
	for _, token := range tokens {
		c.Place(t, token)
	}
	r := c.Diagnose(t)
	require.True(t, r.OK)
	require.Empty(t, r.Findings)
	require.Empty(t, r.Unasked)
	require.Equal(t, len(tokens), r.Orders)
	require.Equal(t, len(tokens), r.Judged)
	require.Zero(t, r.SkippedYoung)
}

// The pages are small, so that every saga is at a bound once, and some services
// have sagas on a page that the order service has not.
func TestTheDoctorGoesOnInPagesAndRuns(t *testing.T) {
	t.Parallel()

	for _, size := range []int{1, 3, 4} {
		c := clinic.New(t)
		for _, token := range tokens[:5] {
			c.Place(t, token)
		}
		id := c.Place(t, "tok_visa").ID
		lose(t, c, id)
		c.In = doctor.Input{PageSize: size, PagesPerRun: 2}
		r := c.Diagnose(t)
		require.Equal(t, 5, r.Orders, "size %d", size)
		require.Equal(t, []audit.Kind{judge.UnknownOrder}, clinic.Kinds(r), "size %d: %v", size, r.Findings)
		require.Len(t, r.Findings, 1, "size %d", size)
		require.Equal(t, id, r.Findings[0].Order)
		require.Equal(t, size < 3, c.Runs > 1, "%d runs of size %d", c.Runs, size)
	}
}

// lose deletes an order from the order service's database. Only a decided order
// has a history.
func lose(t *testing.T, c *clinic.Clinic, id string) {
	t.Helper()
	if o, err := c.Orders.Get(t.Context(), id); err == nil && o.Status != order.Pending {
		c.Injure(t, "order", "DELETE FROM order_history WHERE order_id = ?", id)
	}
	c.Injure(t, "order", "DELETE FROM order_lines WHERE order_id = ?", id)
	c.Injure(t, "order", "DELETE FROM orders WHERE id = ?", id)
}

// Each damage is found by its name, and repaired if it can be.
func TestTheDoctorFindsWhatWasDamaged(t *testing.T) {
	t.Parallel()

	for name, tc := range map[string]struct {
		damage   func(t *testing.T, c *clinic.Clinic) (id string) // of the damaged order
		want     []audit.Kind
		repaired bool
		status   order.Status // after the repair
	}{
		"ALostOrder": {func(t *testing.T, c *clinic.Clinic) string {
			t.Helper()
			id := c.Place(t, "tok_visa").ID
			lose(t, c, id)
			return id
		}, []audit.Kind{judge.UnknownOrder}, false, ""},
		"ALostOrderThatWasCancelled": {func(t *testing.T, c *clinic.Clinic) string {
			t.Helper()
			id := c.Place(t, "tok_declined").ID
			lose(t, c, id)
			return id
		}, []audit.Kind{judge.UnknownOrder}, false, ""},
		"TwoOrdersOfOneCall": {func(t *testing.T, c *clinic.Clinic) string {
			t.Helper()
			in := c.Input()
			c.Saga(t, in)
			in.OrderID = uuid.NewString()
			c.Saga(t, in)
			return ""
		}, []audit.Kind{orderaudit.PlacedTwice}, false, ""},
		"ADoubleCapture": {func(t *testing.T, c *clinic.Clinic) string {
			t.Helper()
			id := c.Place(t, "tok_visa").ID
			c.Injure(t, "provider", `INSERT INTO effects SELECT key || '#1', kind, state, amount, currency, reference || '2', target || '#1', token_hash, reason, created_at, updated_at
				FROM effects WHERE key = ?`, id+"/payment.capture")
			return id
		}, []audit.Kind{paymentaudit.ProviderBook, paymentaudit.TakenTwice}, false, order.Confirmed},
		"AnAmountThatTheProviderHasOtherwise": {func(t *testing.T, c *clinic.Clinic) string {
			t.Helper()
			id := c.Place(t, "tok_visa").ID
			c.Injure(t, "provider", "UPDATE effects SET amount = amount + 1 WHERE key = ?", id+"/payment.capture")
			return id
		}, []audit.Kind{paymentaudit.ProviderBook}, false, order.Confirmed},
		"ACaptureThatTheProviderDoesNotHave": {func(t *testing.T, c *clinic.Clinic) string {
			t.Helper()
			id := c.Place(t, "tok_visa").ID
			c.Injure(t, "provider", "DELETE FROM effects WHERE key = ?", id+"/payment.capture")
			return id
		}, []audit.Kind{paymentaudit.ProviderBook}, false, order.Confirmed},
		"AParcelThatOnlyTheCarrierHas": {func(t *testing.T, c *clinic.Clinic) string {
			t.Helper()
			id := c.Place(t, "tok_capture_declined").ID
			c.Injure(t, "carrier", "UPDATE bookings SET state = 'booked' WHERE booking_key = ?", id+"/shipping.book/BER")
			return id
		}, []audit.Kind{shippingaudit.CarrierBook, shippingaudit.ParcelBooked}, false, order.Cancelled},
		"AnEffectThatTheBarrierSaysIsUndone": {func(t *testing.T, c *clinic.Clinic) string {
			t.Helper()
			id := c.Place(t, "tok_capture_declined").ID
			c.Injure(t, "inventory", "UPDATE reservations SET state = 'held' WHERE saga = ?", id)
			return id
		}, []audit.Kind{audit.Barrier, inventoryaudit.Stock, inventoryaudit.StockHeld}, false, order.Cancelled},
		"AMoneyHoldThatTheBarrierSaysIsUndone": {func(t *testing.T, c *clinic.Clinic) string {
			t.Helper()
			id := c.Place(t, "tok_capture_declined").ID
			c.Injure(t, "provider", "UPDATE effects SET state = 'authorized' WHERE key = ?", id+"/payment.authorize")
			return id
		}, []audit.Kind{paymentaudit.MoneyHeld, paymentaudit.ProviderBook}, false, order.Cancelled},
		"AStockThatDoesNotAddUp": {func(t *testing.T, c *clinic.Clinic) string {
			t.Helper()
			c.Place(t, "tok_visa")
			c.Injure(t, "inventory", "UPDATE stock SET available = available - 1, committed = committed + 1 WHERE sku = 'MUG'")
			return ""
		}, []audit.Kind{inventoryaudit.Stock}, false, ""},
		"ALedgerThatDoesNotAddUp": {func(t *testing.T, c *clinic.Clinic) string {
			t.Helper()
			c.Place(t, "tok_visa")
			c.Injure(t, "payment", "UPDATE postings SET amount = amount - 1 WHERE account = 'revenue'")
			return ""
		}, []audit.Kind{paymentaudit.Ledger}, false, ""},
		"AHistoryThatIsNone": {func(t *testing.T, c *clinic.Clinic) string {
			t.Helper()
			id := c.Place(t, "tok_visa").ID
			c.Injure(t, "order", "DELETE FROM order_history WHERE order_id = ?", id)
			return id
		}, []audit.Kind{orderaudit.History}, false, order.Confirmed},
		"AConfirmedOrderThatWasDecidedAgainst": {func(t *testing.T, c *clinic.Clinic) string {
			t.Helper()
			id := c.Place(t, "tok_visa").ID
			c.Injure(t, "order", "UPDATE orders SET decided = 'DEADLINE', decided_at = updated_at WHERE id = ?", id)
			return id
		}, []audit.Kind{orderaudit.History}, false, order.Confirmed},
		"ACancelledOrderThatWasDecidedAgainstForAnotherReason": {func(t *testing.T, c *clinic.Clinic) string {
			t.Helper()
			id := c.Place(t, "tok_declined").ID
			c.Injure(t, "order", "UPDATE orders SET decided = 'OUT_OF_STOCK' WHERE id = ? AND decided = 'PAYMENT_DECLINED'", id)
			return id
		}, []audit.Kind{orderaudit.History}, false, order.Cancelled},
		"AQuoteThatIsAnother": {func(t *testing.T, c *clinic.Clinic) string {
			t.Helper()
			id := c.Place(t, "tok_visa").ID
			c.Injure(t, "catalog", `UPDATE barrier SET outcome = replace(outcome, '12600', '12601') WHERE saga = ?`, id)
			return id
		}, []audit.Kind{audit.Answer, judge.Quote}, false, order.Confirmed},

		"ASagaThatWasTerminatedBeforeItsCapture": {func(t *testing.T, c *clinic.Clinic) string {
			t.Helper()
			return c.Stopped(t, false)
		}, []audit.Kind{judge.SagaStopped}, true, order.Cancelled},
		"ASagaThatIsGoneBeforeItsCapture": {func(t *testing.T, c *clinic.Clinic) string {
			t.Helper()
			id := c.Stopped(t, false)
			delete(c.Engine.Sagas, id)
			return id
		}, []audit.Kind{judge.SagaMissing}, true, order.Cancelled},
		"ACancelledOrderThatHoldsWhatCanBeUndone": {func(t *testing.T, c *clinic.Clinic) string {
			t.Helper()
			id := c.Stopped(t, false)
			c.Injure(t, "order", "UPDATE orders SET status = 'CANCELLED', reason = 'DEADLINE', changes = 1 WHERE id = ?", id)
			c.Injure(t, "order", "INSERT INTO order_history VALUES (?, 1, 'PENDING', 'CANCELLED', 'DEADLINE', ?)", id, time.Now().UTC())
			return id
		}, []audit.Kind{paymentaudit.MoneyHeld, inventoryaudit.StockHeld}, true, order.Cancelled},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := clinic.New(t)
			for _, token := range tokens[:2] { // healthy ones
				c.Place(t, token)
			}
			id := tc.damage(t, c)

			dry := c.In
			dry.DryRun = true
			c.In, dry = dry, c.In
			r := c.Diagnose(t)
			require.Equal(t, tc.want, clinic.Kinds(r), r.Findings)
			require.False(t, r.OK)
			require.Empty(t, c.Engine.Resumed, "it was asked to change nothing")
			for _, f := range r.Findings {
				require.Equal(t, tc.repaired, f.Repairable, f)
				if !slices.Contains([]audit.Kind{inventoryaudit.Stock, paymentaudit.Ledger, orderaudit.PlacedTwice}, f.Kind) {
					require.Equal(t, id, f.Order)
				}
			}

			c.In = dry
			r = c.Diagnose(t)
			require.Equal(t, tc.want, clinic.Kinds(r), r.Findings)
			require.Equal(t, tc.repaired, r.OK, r.Findings)
			require.Empty(t, r.ReportOnlyBecause)
			if tc.repaired {
				require.Equal(t, []string{id}, c.Engine.Resumed)
				require.Equal(t, len(r.Findings), r.Repaired)
				require.NoError(t, c.Check(t.Context()))
				require.Empty(t, c.Diagnose(t).Findings, "a healthy shop again")
			}
			if tc.status != "" {
				record, err := c.Orders.Get(t.Context(), id)
				require.NoError(t, err)
				require.Equal(t, tc.status, record.Status)
			}
		})
	}
}

// A saga terminated after its pivot goes forward, because the customer paid.
func TestTheDoctorTakesAPaidOrderForward(t *testing.T) {
	t.Parallel()

	c := clinic.New(t)
	v := c.Place(t, "tok_visa")
	for _, damage := range []struct{ book, statement string }{
		{"order", "DELETE FROM order_history WHERE order_id = ?"},
		{"order", "UPDATE orders SET status = 'PENDING', changes = 0, total_minor = NULL, total_currency = NULL, view = NULL WHERE id = ?"},
	} {
		c.Injure(t, damage.book, damage.statement, v.ID)
	}
	c.Engine.Sagas[v.ID] = activities.SagaStopped
	r := c.Diagnose(t)
	require.Equal(t, []audit.Kind{judge.SagaStopped}, clinic.Kinds(r))
	require.True(t, r.OK, r.Findings)
	record, err := c.Orders.Get(t.Context(), v.ID)
	require.NoError(t, err)
	require.Equal(t, order.Confirmed, record.Status)
	require.NoError(t, c.Check(t.Context()))
}

// The payment database was restored from a backup older than the capture. A
// resumed saga would ask the payment service whether the money was taken.
func TestTheDoctorDoesNotResumeASagaThatWouldBeLiedTo(t *testing.T) {
	t.Parallel()

	c := clinic.New(t)
	id := c.Stopped(t, true)
	c.Injure(t, "payment", "DELETE FROM barrier WHERE saga = ? AND step = 'payment.capture'", id)
	r := c.Diagnose(t)
	require.False(t, r.OK)
	require.Empty(t, c.Engine.Resumed)
	require.Contains(t, r.Findings[0].Detail, "must not be undone")
}

func TestTheDoctorSubtractsWaivers(t *testing.T) {
	t.Parallel()

	c := clinic.New(t)
	id := c.Stopped(t, false)
	c.Injure(t, "order", `UPDATE orders SET status = 'CANCELLED', reason = 'DEADLINE', changes = 1, waivers = ? WHERE id = ?`,
		`[{"step":"inventory.reserve","owed":"stock held","reason":"burnt","operator":"op","at":"2026-11-22T12:00:00Z"},
		  {"step":"payment.authorize","owed":"money held","reason":"by phone","operator":"op","reference":"call 7","at":"2026-11-22T12:00:00Z"}]`, id)
	c.Injure(t, "order", "INSERT INTO order_history VALUES (?, 1, 'PENDING', 'CANCELLED', 'DEADLINE', ?)", id, time.Now().UTC())
	r := c.Diagnose(t)
	require.True(t, r.OK, r.Findings)
	require.Equal(t, 2, r.WaiverCount)
	require.Equal(t, id, r.Waivers[0].Order)
	require.Equal(t, "call 7", r.Waivers[1].Reference)
}

// Many findings of one kind have one cause.
func TestTheDoctorTouchesNothingWhenTooMuchIsWrong(t *testing.T) {
	t.Parallel()

	c := clinic.New(t)
	for range 11 {
		c.Stopped(t, false)
	}
	r := c.Diagnose(t)
	require.Equal(t, map[audit.Kind]int{judge.SagaStopped: 11}, r.Counts)
	require.Contains(t, r.ReportOnlyBecause, "11 findings of kind saga_stopped, more than 10")
	require.Empty(t, c.Engine.Resumed)
	require.False(t, r.OK)
}

func TestAPersonMaySayHowMuchIsNotTooMuch(t *testing.T) {
	t.Parallel()

	c := clinic.New(t)
	for range 3 {
		c.Stopped(t, false)
	}
	c.In.AtMost = 2
	r := c.Diagnose(t)
	require.Contains(t, r.ReportOnlyBecause, "3 findings of kind saga_stopped, more than 2")
	lose(t, c, r.Findings[0].Order)
	r = c.Diagnose(t)
	require.Empty(t, r.ReportOnlyBecause)
	require.Equal(t, 2, r.Repaired)
	require.False(t, r.OK, "one is still lost")
}

func TestTheDoctorSaysWhatItCouldNotAskOrMend(t *testing.T) {
	t.Parallel()

	t.Run("AServiceThatDoesNotAnswer", func(t *testing.T) {
		t.Parallel()
		c := clinic.New(t)
		c.Place(t, "tok_visa")
		_, err := c.Exec(t.Context(), "shipping", "ALTER TABLE shipments RENAME TO gone")
		require.NoError(t, err)
		r := c.Diagnose(t)
		require.False(t, r.OK)
		require.Empty(t, r.Findings, "the parcels of shipping are unknown")
		require.Len(t, r.Unasked, 1)
		require.Equal(t, "shipping", r.Unasked[0].Service)
	})
	t.Run("AnEngineThatResumesNothing", func(t *testing.T) {
		t.Parallel()
		c := clinic.New(t)
		c.Stopped(t, false)
		c.Engine.Down = errors.New("no")
		r := c.Diagnose(t)
		require.False(t, r.OK)
		require.True(t, strings.HasPrefix(r.Findings[0].Note, "its saga could not be resumed: "), r.Findings[0].Note)
	})
}

func TestTheDoctorKeepsToItsRate(t *testing.T) {
	t.Parallel()

	c := clinic.New(t)
	for _, token := range tokens {
		c.Place(t, token)
	}
	c.In = doctor.Input{Rate: 2, PageSize: 2}
	r := c.Diagnose(t)
	require.True(t, r.OK)
	took := r.Ended.Sub(r.Started)
	require.GreaterOrEqual(t, took, time.Duration(len(tokens))*time.Second/2)
	require.Less(t, took, time.Duration(len(tokens))*time.Second)
	require.Equal(t, 10*time.Second, c.In.Waits(), "of the ten pages of a run")
}

func TestTheDoctorCountsButDoesNotJudgeWhatIsYoungOrFlagged(t *testing.T) {
	t.Parallel()

	c := clinic.New(t)
	young := c.Input()
	young.Placement.DecideBy = time.Now().Add(3 * time.Hour)
	young.OrderID = uuid.NewString()
	c.Saga(t, young)
	c.Injure(t, "inventory", "UPDATE reservations SET state = 'held' WHERE saga = ?", young.OrderID)
	c.Injure(t, "inventory", "UPDATE stock SET reserved = committed, committed = 0")

	flagged := c.Stopped(t, false)
	c.Engine.Sagas[flagged] = activities.SagaRunning
	c.Injure(t, "order", "UPDATE orders SET needs_attention = TRUE WHERE id = ?", flagged)
	r := c.Diagnose(t)
	require.Empty(t, r.Findings)
	require.Equal(t, 1, r.SkippedYoung)
	require.Equal(t, 1, r.NeedsAttention)
	require.True(t, r.OK)
}
