package doctor_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/activities"
	"github.com/amends/amends/proof/clinic"
	"github.com/amends/amends/saga/audit"
	"github.com/amends/amends/workflows/doctor"
	"github.com/amends/amends/workflows/doctor/judge"
)

// young makes every order too young to be judged.
var young = doctor.Input{Grace: 5 * time.Hour}

// Nothing works on an order whose saga was stopped, however young it is. An operator may have
// stopped it with a plan, so the doctor says so, and waits.
func TestTheDoctorNamesAStoppedSagaAtAnyAge(t *testing.T) {
	t.Parallel()

	for state, kind := range map[activities.SagaState]audit.Kind{activities.SagaStopped: judge.SagaStopped, activities.SagaMissing: judge.SagaMissing} {
		t.Run(string(state), func(t *testing.T) {
			t.Parallel()
			c := clinic.New(t)
			c.Place(t, "tok_visa")
			stopped, other := c.Stopped(t, false), c.Stopped(t, true)
			c.Engine.Sagas[stopped], c.Engine.Sagas[other] = state, activities.SagaRunning
			c.In = young
			r := c.Diagnose(t)
			require.False(t, r.OK)
			require.Equal(t, []int{0, 3, 1}, []int{r.Judged, r.SkippedYoung, len(r.Findings)})
			f := r.Findings[0]
			require.Equal(t, []any{kind, stopped, false, false}, []any{f.Kind, f.Order, f.Repairable, f.Repaired})
			require.Contains(t, f.Detail, "amends repair "+stopped+" --action resume")
			require.Equal(t, "money held: 126.00 EUR, stock held: 3 units (payment.authorize, inventory.reserve)", f.Holds.String())
			require.Equal(t, f.Holds.Amounts(), r.Holds)
			require.Empty(t, c.Engine.Resumed)

			c.In = doctor.Input{}
			c.Diagnose(t)
			require.Contains(t, c.Engine.Resumed, stopped, "once its time has come")
		})
	}
}

// Of orders that are all too young nothing is known, and that is no success.
func TestNothingJudgedIsNoSuccess(t *testing.T) {
	t.Parallel()

	c := clinic.New(t)
	require.True(t, c.Diagnose(t).OK, "there is nothing to judge")
	c.Place(t, "tok_visa")
	c.In = young
	r := c.Diagnose(t)
	require.Empty(t, r.Findings)
	require.False(t, r.OK)
	c.In = doctor.Input{}
	require.True(t, c.Diagnose(t).OK)
}

// The amounts of a report are those of its orders, each counted once.
func TestAReportSaysWhatItsOrdersHold(t *testing.T) {
	t.Parallel()

	c := clinic.New(t)
	for range 2 {
		c.Stopped(t, false)
	}
	paid := c.Place(t, "tok_visa").ID
	c.Injure(t, "payment", "UPDATE barrier SET outcome = replace(outcome, 'INV-', 'INX-') WHERE saga = ? AND step = 'payment.capture'", paid)
	c.Injure(t, "carrier", "DELETE FROM bookings WHERE booking_key LIKE ? || '/%' AND warehouse = 'BER'", paid)
	c.In = doctor.Input{DryRun: true}
	r := c.Diagnose(t)
	require.Greater(t, len(r.Findings), 3, "several of the order that is paid")
	require.Equal(t, "money held: 252.00 EUR, money taken: 126.00 EUR, stock held: 6 units, stock sold: 3 units, parcels booked: 2", r.Holds.String())
}
