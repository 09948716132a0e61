package doctor_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/activities"
	"github.com/amends/amends/proof/clinic"
	"github.com/amends/amends/saga/audit"
	inventoryaudit "github.com/amends/amends/services/inventory/audit"
	"github.com/amends/amends/services/order"
	orderaudit "github.com/amends/amends/services/order/audit"
	"github.com/amends/amends/services/payment"
	paymentaudit "github.com/amends/amends/services/payment/audit"
	"github.com/amends/amends/workflows/doctor/judge"
)

// refunded returns a healthy shop with an order that has two refunds, and was refused a
// third.
func refunded(t *testing.T) (c *clinic.Clinic, id string) {
	t.Helper()
	c = clinic.New(t)
	c.Place(t, "tok_visa")
	id = c.Place(t, "tok_visa").ID
	first := c.Refund(t, id, 7, 2600)
	require.Equal(t, order.RefundDone, first.Status)
	require.EqualValues(t, 3, first.Units)
	second := c.Refund(t, id, 8, 8000)
	require.Equal(t, order.RefundDone, second.Status)
	require.Zero(t, second.Units, "the goods came back before")
	third := c.Refund(t, id, 9, 2001)
	require.Equal(t, order.RefundRefused, third.Status)
	require.Equal(t, payment.RefundExceedsCapture, third.Code)
	require.NoError(t, c.Check(t.Context()))
	return c, id
}

func TestARefundedOrderIsHealthy(t *testing.T) {
	t.Parallel()
	c, id := refunded(t)
	require.Empty(t, c.Diagnose(t).Findings)
	require.Equal(t, order.RefundDone, c.Refund(t, id, 10, 2000).Status, "all of it")
	require.Empty(t, c.Diagnose(t).Findings)
	require.NoError(t, c.Check(t.Context()))
}

func TestTheDoctorFindsARefundThatIsNotTrue(t *testing.T) {
	t.Parallel()

	book, answer, undo := paymentaudit.ProviderBook, audit.Answer, audit.Undo
	for name, tc := range map[string]struct {
		book, statement string // ? stands for the order
		want            []audit.Kind
	}{
		"WithoutARecord": {
			"provider", `INSERT INTO effects SELECT replace(key, 'capture', 'refund#11'), 'refund', 'refunded', 100, currency, 'ref_1', key, '', '', created_at, updated_at
				FROM effects WHERE key = ? || '/payment.capture'`, []audit.Kind{book},
		},
		"Twice": { // more than the capture, by another number
			"provider", `INSERT INTO effects SELECT replace(key, '#8', '#12'), kind, state, amount, currency, 'ref_2', target, '', '', created_at, updated_at
				FROM effects WHERE key = ? || '/payment.refund#8'`, []audit.Kind{book, undo},
		},
		"ThatItsOrderDoesNotKnow":    {"order", "UPDATE orders SET refunded_minor = 0 WHERE id = ?", []audit.Kind{judge.Refund, orderaudit.History}},
		"OfAnotherAmount":            {"provider", "UPDATE effects SET amount = amount - 1 WHERE key = ? || '/payment.refund#7'", []audit.Kind{book}},
		"ThatTheProviderDoesNotHave": {"provider", "DELETE FROM effects WHERE key = ? || '/payment.refund#7'", []audit.Kind{book}},
		"ThatTheProviderDeclined":    {"provider", "UPDATE effects SET state = 'declined', reason = 'refund_exceeds_capture' WHERE key = ? || '/payment.refund#7'", []audit.Kind{book}},
		"AnsweredOtherwise":          {"payment", "UPDATE barrier SET outcome = replace(outcome, '2600', '2700') WHERE saga = ? AND generation = 7", []audit.Kind{answer}},
		"WithoutItsStep":             {"payment", "DELETE FROM barrier WHERE saga = ? AND generation = 7", []audit.Kind{audit.Barrier}},
		"WithoutPostings": {
			"payment", "DELETE FROM postings WHERE kind = 'refund' AND payment_id IN (SELECT id FROM payments WHERE saga = ?)", []audit.Kind{paymentaudit.Ledger},
		},
		"WithoutTheReturn": {"inventory", "DELETE FROM stock_journal WHERE reference = ?", []audit.Kind{answer, inventoryaudit.Stock}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, id := refunded(t)
			require.Empty(t, c.Diagnose(t).Findings)
			c.Injure(t, tc.book, tc.statement, id)
			r := c.Diagnose(t)
			require.ElementsMatch(t, tc.want, clinic.Kinds(r), r.Findings)
			for _, f := range r.Findings {
				require.False(t, f.Repairable, "which side is right is for a person to say")
			}
		})
	}
}

// A refund whose workflow was stopped ends right: refused if nothing was paid back, else
// with all that was asked for.
func TestTheDoctorResumesAStoppedRefund(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		paid  bool
		state activities.SagaState
		kind  audit.Kind
		want  int64
	}{
		"BeforeItsPivot":    {false, activities.SagaStopped, judge.SagaStopped, 0},
		"AfterItsPivot":     {true, activities.SagaStopped, judge.SagaStopped, 2600},
		"ThatTheEngineLost": {true, activities.SagaMissing, judge.SagaMissing, 2600},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := clinic.New(t)
			id := c.Place(t, "tok_visa").ID
			c.StopRefund(t, id, 7, 2600, tc.paid)
			c.Engine.Sagas["r7"] = tc.state
			r := c.Diagnose(t)
			require.Equal(t, []audit.Kind{tc.kind}, clinic.Kinds(r))
			require.True(t, r.Findings[0].Repaired, r.Findings)
			require.Equal(t, []string{"r7"}, c.Engine.Resumed)
			rec, err := c.Orders.Get(t.Context(), id)
			require.NoError(t, err)
			require.Equal(t, tc.want, rec.Refunded)
			require.NoError(t, c.Check(t.Context()))
			require.Empty(t, c.Diagnose(t).Findings)
		})
	}
}

// A refund that runs is no finding, unless its code fails; one that the provider
// contradicts is for a person.
func TestTheDoctorLeavesARefundAloneThatItCannotMend(t *testing.T) {
	t.Parallel()
	c := clinic.New(t)
	id := c.Place(t, "tok_visa").ID
	c.StopRefund(t, id, 7, 2600, true)
	c.Engine.Sagas["r7"] = activities.SagaRunning
	require.Empty(t, c.Diagnose(t).Findings)
	c.Engine.Sagas["r7"] = activities.SagaStopped
	c.Injure(t, "provider", "UPDATE effects SET amount = amount - 1 WHERE key = ? || '/payment.refund#7'", id)
	r := c.Diagnose(t)
	require.Equal(t, []audit.Kind{paymentaudit.ProviderBook, judge.SagaStopped}, clinic.Kinds(r))
	for _, f := range r.Findings {
		require.False(t, f.Repairable)
	}
	require.Empty(t, c.Engine.Resumed)
}
