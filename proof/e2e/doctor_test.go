package e2e_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"golang.org/x/sync/errgroup"

	"github.com/amends/amends/internal/doctor"
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/saga/audit"
	inventoryaudit "github.com/amends/amends/services/inventory/audit"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/workflows"
	doctorflow "github.com/amends/amends/workflows/doctor"
	"github.com/amends/amends/workflows/doctor/judge"
)

// diagnose runs the doctor on the platform. Several platforms may share one
// engine.
func (p *platform) diagnose(t *testing.T) doctorflow.Report {
	t.Helper()
	run, err := server.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{
		ID: "doctor-" + uuid.NewString(), TaskQueue: p.queues["order"],
	}, doctorflow.Reconcile, doctorflow.Input{
		Grace: time.Millisecond, Pause: 100 * time.Millisecond, Patience: patience, Heal: patience,
	})
	require.NoError(t, err)
	var r doctorflow.Report
	require.NoError(t, run.Get(t.Context(), &r))
	return r
}

// overdue makes an order one that had to be decided long ago.
func (p *platform) overdue(t *testing.T, id string) {
	t.Helper()
	require.NoError(t, p.Damage(t.Context(), "order", "UPDATE orders SET decide_by = ? WHERE id = ?", time.Now().UTC().Add(-time.Hour), id))
}

// An operator has terminated a saga, which could not undo anything. The doctor
// finds the order and has it undone; or completed, if the customer has paid.
func TestTheDoctorResumesATerminatedSaga(t *testing.T) {
	t.Parallel()

	for name, tc := range map[string]struct {
		stop   string // the service at whose step the saga is terminated
		step   string
		status order.Status
	}{
		"BeforeItsCapture": {"shipping", "shipping.book", cancelled},
		"AfterItsCapture":  {"inventory", "inventory.commit", confirmed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlatform(t, 10*time.Minute)
			body := placement()
			p.stop("shipping")
			id := p.place(t, "", "", body).order.ID
			at := func(step string) func() bool {
				return func() bool { return stateOf(p.get(t, id).order, step) == saga.Running }
			}
			eventually(t, "the saga waits for shipping", at("shipping.book"))
			if tc.stop != "shipping" {
				p.stop(tc.stop)
				p.start(t, "shipping")
			}
			eventually(t, "the saga waits", at(tc.step))
			customer := customerOf(t, id)
			require.NotEmpty(t, customer)
			require.NoError(t, server.TerminateWorkflow(t.Context(), workflows.WorkflowID(id), "", "test"))
			p.start(t, tc.stop)

			var r doctorflow.Report
			eventually(t, "the saga is old enough to be asked about", func() bool {
				r = p.diagnose(t)
				return len(r.Findings) > 0
			})
			require.False(t, r.OK)
			require.Len(t, r.Findings, 1)
			require.Equal(t, []any{judge.SagaStopped, id, false}, []any{r.Findings[0].Kind, r.Findings[0].Order, r.Findings[0].Repairable})
			require.Equal(t, 1, r.SkippedYoung, "its own deadline has not come")

			p.overdue(t, id)
			r = p.diagnose(t)
			require.Len(t, r.Findings, 1)
			require.Equal(t, judge.SagaStopped, r.Findings[0].Kind)
			require.Contains(t, r.Findings[0].Detail, "terminated")
			require.True(t, r.Findings[0].Repaired, r.Findings[0].Note)
			require.True(t, r.OK)

			v := decided(t, id)
			require.Equal(t, tc.status, v.Status)
			if tc.status == cancelled {
				require.Equal(t, order.Deadline, v.Reason)
			}
			require.Equal(t, customer, customerOf(t, id), "it is found as before")
			require.NoError(t, p.Check(t.Context()))
			require.Empty(t, p.diagnose(t).Findings)
		})
	}
}

// An order was cancelled, yet its stock is held, as if its release had been taken
// back: a restored backup of the inventory's database would do that.
func TestTheDoctorTakesBackWhatACancelledOrderHolds(t *testing.T) {
	t.Parallel()

	p := newPlatform(t, 10*time.Minute)
	body := placement()
	body["payment_token"] = "tok_capture_declined"
	id := p.place(t, "", "wait=30", body).order.ID
	p.overdue(t, id)
	for _, statement := range []string{
		"UPDATE barrier SET state = 'done' WHERE saga = ? AND step = 'inventory.reserve'",
		"UPDATE reservations SET state = 'held' WHERE saga = ?",
		`UPDATE stock SET available = available - l.quantity, reserved = reserved + l.quantity
			FROM (SELECT sku, warehouse, quantity FROM reservation_lines WHERE saga = ?) AS l WHERE l.sku = stock.sku AND l.warehouse = stock.warehouse`,
	} {
		require.NoError(t, p.Damage(t.Context(), "inventory", statement, id))
	}
	require.Error(t, p.Check(t.Context()))

	r := p.diagnose(t)
	require.Len(t, r.Findings, 1)
	require.Equal(t, inventoryaudit.StockHeld, r.Findings[0].Kind)
	require.True(t, r.OK, r.Findings[0].Note)
	v := decided(t, id)
	require.Equal(t, cancelled, v.Status)
	require.Equal(t, order.PaymentDeclined, v.Reason, "the reason that was written first")
	require.NoError(t, p.Check(t.Context()))
}

// A step's recorded answer was changed by hand, and the carrier has lost a
// cancelled parcel. The most recent ledger need not be the right one, so the
// doctor reports both and touches nothing.
func TestTheDoctorReportsAnUndoAndAnAnswerThatAreNotExact(t *testing.T) {
	t.Parallel()

	for name, dsn := range map[string]func(testing.TB) string{"sqlite": dbtest.SQLite, "postgres": dbtest.Postgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlatformOn(t, dsn, 10*time.Minute)
			kept := p.place(t, "", "wait=30", placement()).order.ID
			body := placement()
			body["payment_token"] = "tok_capture_declined"
			undone := p.place(t, "", "wait=30", body).order.ID
			p.overdue(t, kept)
			p.overdue(t, undone)
			r := p.diagnose(t)
			require.True(t, r.OK, r.Findings)
			require.Equal(t, 2, r.Judged)

			require.NoError(t, p.Damage(t.Context(), "payment", "UPDATE barrier SET outcome = replace(outcome, 'INV-', 'INX-') WHERE saga = ? AND step = 'payment.capture'", kept))
			require.NoError(t, p.Damage(t.Context(), "carrier", "DELETE FROM bookings WHERE booking_key LIKE ? || '/%' AND warehouse = 'BER'", undone))
			r = p.diagnose(t)
			require.False(t, r.OK)
			require.Equal(t, map[audit.Kind]int{audit.Answer: 1, audit.Undo: 1}, r.Counts, r.Findings)
			for _, f := range r.Findings {
				require.False(t, f.Repairable)
				if f.Kind == audit.Answer {
					require.Equal(t, audit.OneAnswer, f.Invariant)
					require.Equal(t, kept, f.Order)
				} else {
					require.Equal(t, audit.ExactUndo, f.Invariant)
					require.Equal(t, undone, f.Order)
				}
			}
			require.Equal(t, confirmed, decided(t, kept).Status)
			require.Equal(t, cancelled, decided(t, undone).Status)
		})
	}
}

// customerOf returns the search attribute that finds an order.
func customerOf(t *testing.T, id string) string {
	t.Helper()
	d, err := server.DescribeWorkflowExecution(t.Context(), workflows.WorkflowID(id), "")
	require.NoError(t, err)
	return string(d.GetWorkflowExecutionInfo().GetSearchAttributes().GetIndexedFields()[workflows.AttributeCustomer.GetName()].GetData())
}

// A platform that shares the namespace has the schedule of the default queue. Release
// 0.1.0 gave every queue's that id.
func TestTheDoctorLeavesAnotherPlatformsScheduleAlone(t *testing.T) {
	t.Parallel()

	scheduled := func(id string) (queue string) {
		d, err := server.ScheduleClient().GetHandle(t.Context(), id).Describe(t.Context())
		if _, missing := errors.AsType[*serviceerror.NotFound](err); missing {
			return ""
		}
		require.NoError(t, err)
		a, ok := d.Schedule.Action.(*client.ScheduleWorkflowAction)
		require.True(t, ok)
		return a.TaskQueue
	}
	_, err := server.ScheduleClient().Create(t.Context(), client.ScheduleOptions{
		ID: doctorflow.ScheduleID, Action: &client.ScheduleWorkflowAction{ID: "x", Workflow: doctorflow.Reconcile, TaskQueue: "north"},
	})
	require.NoError(t, err)
	north, shared := doctor.Schedule{Every: time.Hour, Queue: "north"}, doctor.Schedule{Every: time.Hour, Queue: "amends-order"}
	require.NoError(t, doctor.Keep(t.Context(), server.Client, north))
	require.Equal(t, []string{"north", ""}, []string{scheduled("amends-doctor-north"), scheduled("amends-doctor")}, "it has moved")
	require.NoError(t, doctor.Keep(t.Context(), server.Client, shared))
	require.NoError(t, doctor.Keep(t.Context(), server.Client, north))
	require.Equal(t, []string{"north", "amends-order"}, []string{scheduled("amends-doctor-north"), scheduled("amends-doctor")})
	north.Every = 0
	require.NoError(t, doctor.Keep(t.Context(), server.Client, north))
	require.Equal(t, []string{"", "amends-order"}, []string{scheduled("amends-doctor-north"), scheduled("amends-doctor")})
	shared.Every = 0
	require.NoError(t, doctor.Keep(t.Context(), server.Client, shared))
}

// Two workers set the schedule at the same time, and later one with another
// interval.
func TestTheDoctorKeepsItsSchedule(t *testing.T) {
	t.Parallel()

	p := newPlatform(t, 10*time.Minute)
	p.place(t, "", "wait=30", placement())
	want := doctor.Schedule{Every: time.Hour, Queue: p.queues["order"], Input: doctorflow.Input{Grace: time.Hour, WholeEvery: 1000 * time.Hour}}
	var two errgroup.Group
	for range 2 {
		two.Go(func() error { return doctor.Keep(t.Context(), server.Client, want) })
	}
	require.NoError(t, two.Wait())
	handle := server.ScheduleClient().GetHandle(t.Context(), doctorflow.ScheduleID+"-"+want.Queue)
	interval := func() time.Duration {
		d, err := handle.Describe(t.Context())
		require.NoError(t, err)
		require.Len(t, d.Schedule.Spec.Intervals, 1)
		return d.Schedule.Spec.Intervals[0].Every
	}
	require.Equal(t, time.Hour, interval())
	_, found, err := doctor.Last(t.Context(), server.Client, want.Queue)
	require.NoError(t, err)
	require.False(t, found, "it has not run yet")

	require.NoError(t, handle.Pause(t.Context(), client.SchedulePauseOptions{Note: "by a person"}))
	want.Every = 2 * time.Hour
	require.NoError(t, doctor.Keep(t.Context(), server.Client, want))
	require.Equal(t, 2*time.Hour, interval())
	d, err := handle.Describe(t.Context())
	require.NoError(t, err)
	require.True(t, d.Schedule.State.Paused, "that is a person's decision")

	require.NoError(t, handle.Trigger(t.Context(), client.ScheduleTriggerOptions{}))
	var last doctor.Past
	eventually(t, "it has run", func() bool {
		last, found, err = doctor.Last(t.Context(), server.Client, want.Queue)
		require.NoError(t, err)
		return found
	})
	require.Equal(t, 1, last.Report.Orders)
	require.False(t, last.Report.OK, "the order is too young, so nothing was judged")
	require.True(t, last.Paused)
	require.Equal(t, 2*time.Hour, last.Every)
	require.Empty(t, last.Late(last.Report.Ended.Add(4*time.Hour)))
	require.Contains(t, last.Late(last.Report.Ended.Add(5*time.Hour)), "paused")

	before := last.Report
	require.True(t, before.Whole(), "there was none before")
	require.NoError(t, handle.Trigger(t.Context(), client.ScheduleTriggerOptions{}))
	eventually(t, "it has run again", func() bool {
		last, _, err = doctor.Last(t.Context(), server.Client, want.Queue)
		require.NoError(t, err)
		return last.Report.Started.After(before.Started)
	})
	require.Equal(t, before.Mark.Until, last.Report.Since, "the engine hands on the report")
	require.Zero(t, last.Report.Orders, "it has looked at changes that are old enough, and there are none")
	require.True(t, last.Report.OK)

	want.Every = 0
	require.NoError(t, doctor.Keep(t.Context(), server.Client, want))
	require.NoError(t, doctor.Keep(t.Context(), server.Client, want), "there is none to remove")
	_, found, err = doctor.Last(t.Context(), server.Client, want.Queue)
	require.NoError(t, err)
	require.False(t, found)
}
