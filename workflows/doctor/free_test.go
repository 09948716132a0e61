package doctor_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/proof/clinic"
	"github.com/amends/amends/saga/audit"
	paymentaudit "github.com/amends/amends/services/payment/audit"
	"github.com/amends/amends/workflows"
	"github.com/amends/amends/workflows/doctor/judge"
)

// An order that costs nothing has no payment, and nothing is wrong with that.
func TestTheDoctorKnowsOrdersThatCostNothing(t *testing.T) {
	t.Parallel()

	for name, tc := range map[string]struct {
		book, statement string // ? stands for the order
		want            []audit.Kind
	}{
		"Healthy": {"payment", "UPDATE barrier SET saga = saga WHERE saga = ?", nil},
		"ACaptureOfNothingThatIsGone": {
			"payment", "DELETE FROM barrier WHERE saga = ?", []audit.Kind{paymentaudit.MoneyNotTaken},
		},
		"ATotalThatWasNotNothing": {
			"order", "UPDATE orders SET total_minor = 100 WHERE id = ?", []audit.Kind{paymentaudit.MoneyNotTaken, judge.Quote},
		},
		"AQuoteThatWasNotNothing": {
			"payment", `UPDATE barrier SET outcome = replace(outcome, '"currency":"EUR"', '"currency":"USD"') WHERE saga = ?`, []audit.Kind{judge.Quote},
		},
		"MoneyThatWasTakenAllTheSame": {
			"provider", `INSERT INTO effects SELECT ? || '/payment.capture', kind, state, amount, currency, 'other', 'x', token_hash, reason, created_at, updated_at
				FROM effects WHERE kind = 'capture' LIMIT 1`, []audit.Kind{paymentaudit.ProviderBook},
		},
		"AnOrderThatWasCancelledBehindItsPivot": {
			"order", "UPDATE orders SET status = 'CANCELLED', reason = 'DEADLINE' WHERE id = ?", nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := clinic.New(t)
			c.Place(t, "tok_visa")
			in := c.Input()
			in.Placement.Lines = []workflows.Line{{SKU: "LEAFLET", Quantity: 2}}
			refused := c.Input()
			refused.Placement.Lines, refused.Placement.ShipTo.PostalCode = in.Placement.Lines, "00000"
			v := c.Saga(t, in)
			require.Equal(t, "CONFIRMED", string(v.Status))
			c.Saga(t, refused)
			require.Empty(t, c.Diagnose(t).Findings)

			c.Injure(t, tc.book, tc.statement, v.ID)
			r := c.Diagnose(t)
			if name == "AnOrderThatWasCancelledBehindItsPivot" {
				require.Contains(t, clinic.Kinds(r), audit.Barrier)
				require.Empty(t, c.Engine.Resumed, "a resumed saga would go forward")
				return
			}
			require.Equal(t, tc.want, clinic.Kinds(r), r.Findings)
		})
	}
}
