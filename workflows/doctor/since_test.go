package doctor_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/proof/clinic"
	"github.com/amends/amends/saga/audit"
	inventoryaudit "github.com/amends/amends/services/inventory/audit"
	notificationaudit "github.com/amends/amends/services/notification/audit"
	paymentaudit "github.com/amends/amends/services/payment/audit"
	"github.com/amends/amends/workflows/doctor"
	"github.com/amends/amends/workflows/doctor/judge"
)

// schedule is a clinic whose doctor runs every two hours, and over all orders once a day: the
// first run is, and those of the next hours are not.
type schedule struct{ *clinic.Clinic }

func scheduled(t *testing.T) schedule {
	t.Helper()
	s := schedule{clinic.New(t)}
	now := time.Now()
	s.In.WholeEvery, s.In.WholeAt = 24*time.Hour, now.Sub(now.Truncate(24*time.Hour))
	return s
}

// run lets the next scheduled run take place.
func (s schedule) run(t *testing.T) doctor.Report {
	t.Helper()
	r := s.Diagnose(t)
	s.Before = &r
	s.Later += 2 * time.Hour
	return r
}

// whole lets a run by hand take place.
func (s schedule) whole(t *testing.T) doctor.Report {
	t.Helper()
	in, before := s.In, s.Before
	s.In.WholeEvery, s.Before = 0, nil
	defer func() { s.In, s.Before = in, before }()
	r := s.Diagnose(t)
	require.True(t, r.Whole())
	require.Zero(t, r.Mark, "no run goes on from it")
	return r
}

// change makes an order one that changes when the next run takes place: the one after that
// looks at it.
func (s schedule) change(t *testing.T, id string) {
	t.Helper()
	s.Injure(t, "order", "UPDATE orders SET updated_at = ? WHERE id = ?", time.Now().UTC().Add(s.Later), id)
}

// overcharge damages an order of which no other row tells that it has changed; mend takes
// that back.
func (s schedule) overcharge(t *testing.T, id string) { t.Helper(); s.charge(t, id, 1) }
func (s schedule) mend(t *testing.T, id string)       { t.Helper(); s.charge(t, id, -1) }

func (s schedule) charge(t *testing.T, id string, minor int) {
	t.Helper()
	s.Injure(t, "provider", "UPDATE effects SET amount = amount + ? WHERE key = ?", minor, id+"/payment.capture")
}

// damaged returns the orders of the findings, which are all of one kind.
func damaged(t *testing.T, r doctor.Report) (ids []string) {
	t.Helper()
	for _, f := range r.Findings {
		require.Equal(t, paymentaudit.ProviderBook, f.Kind, f)
		ids = append(ids, f.Order)
	}
	return ids
}

func TestAScheduledRunLooksAtWhatHasChanged(t *testing.T) {
	t.Parallel()
	s := scheduled(t)
	old, fresh := s.Place(t, "tok_visa").ID, s.Place(t, "tok_visa").ID
	first := s.run(t)
	require.True(t, first.OK, first.Findings)
	require.True(t, first.Whole(), "there was none before it")
	require.Equal(t, 2, first.Judged)
	require.Equal(t, first.Started, first.Mark.Whole)
	require.Equal(t, first.Started.Add(-21*time.Minute), first.Mark.Until)

	s.change(t, fresh)
	quiet := s.run(t)
	require.True(t, quiet.OK, "nothing to judge is nothing wrong")
	require.Zero(t, quiet.Orders, "the change is too young")

	s.overcharge(t, old)
	s.overcharge(t, fresh)
	r := s.run(t)
	require.Equal(t, quiet.Mark.Until, r.Since)
	require.Equal(t, 1, r.Orders)
	require.Equal(t, []string{fresh}, damaged(t, r))
	require.False(t, r.OK)
	require.ElementsMatch(t, []string{old, fresh}, damaged(t, s.whole(t)))
}

func TestAScheduledRunIsWholeOnceADay(t *testing.T) {
	t.Parallel()
	s := scheduled(t)
	id := s.Place(t, "tok_visa").ID
	first := s.run(t)
	s.overcharge(t, id)
	r := s.run(t)
	require.True(t, r.OK, "no row tells of it")
	require.Equal(t, first.Started, r.Mark.Whole)
	s.Later = 25 * time.Hour
	r = s.run(t)
	require.True(t, r.Whole())
	require.Equal(t, []string{id}, damaged(t, r))
	require.Equal(t, r.Started, r.Mark.Whole)
}

func TestAFindingIsReportedUntilItIsGone(t *testing.T) {
	t.Parallel()
	s := scheduled(t)
	id := s.Place(t, "tok_visa").ID
	s.overcharge(t, id)
	require.Equal(t, []string{id}, damaged(t, s.run(t)))
	for range 2 {
		r := s.run(t)
		require.False(t, r.Whole())
		require.Equal(t, []string{id}, damaged(t, r))
		require.Equal(t, []string{id}, r.Mark.Open)
	}
	s.mend(t, id)
	r := s.run(t)
	require.True(t, r.OK)
	require.Equal(t, 1, r.Judged, "it was looked at")
	require.Empty(t, r.Mark.Open)
	require.Zero(t, s.run(t).Orders)
}

// The stock as a whole takes as long to add up as there are orders.
func TestAFindingAboutAllOrdersIsReportedUntilItIsGone(t *testing.T) {
	t.Parallel()
	s := scheduled(t)
	s.Place(t, "tok_visa")
	sell := func(units int) {
		t.Helper()
		s.Injure(t, "inventory", "UPDATE stock SET available = available - ?, committed = committed + ? WHERE sku = 'MUG'", units, units)
	}
	s.run(t)
	sell(1)
	require.True(t, s.run(t).OK, "it does not ask")
	require.Equal(t, []audit.Kind{inventoryaudit.Stock}, clinic.Kinds(s.whole(t)))
	s.Later = 25 * time.Hour
	for _, whole := range []bool{true, false, false} {
		r := s.run(t)
		require.Equal(t, whole, r.Whole())
		require.Equal(t, []audit.Kind{inventoryaudit.Stock}, clinic.Kinds(r))
	}
	sell(-1)
	r := s.run(t)
	require.True(t, r.OK)
	require.Empty(t, r.Mark.Long)
}

func TestAPartialRunIsRepeated(t *testing.T) {
	t.Parallel()
	s := scheduled(t)
	rename := func(from, to string) {
		t.Helper()
		_, err := s.Exec(t.Context(), "shipping", fmt.Sprintf("ALTER TABLE %s RENAME TO %s", from, to))
		require.NoError(t, err)
	}
	id := s.Place(t, "tok_visa").ID
	rename("shipments", "gone")
	partial := s.run(t)
	require.NotEmpty(t, partial.Unasked)
	require.Zero(t, partial.Mark)
	rename("gone", "shipments")
	first := s.run(t)
	require.True(t, first.Whole(), "the one before was not")

	s.change(t, id)
	s.run(t)
	s.overcharge(t, id)
	before := s.Before.Mark
	for _, table := range []string{"shipments", "barrier"} { // which the answer is about, or the list of changes
		rename(table, "gone")
		partial = s.run(t)
		require.NotEmpty(t, partial.Unasked)
		require.Equal(t, before, partial.Mark, "it goes on from where the run before has ended")
		rename("gone", table)
	}
	r := s.run(t)
	require.Equal(t, before.Until, r.Since)
	require.Equal(t, []string{id}, damaged(t, r))
	require.True(t, r.Mark.Until.After(before.Until))
}

// An order that stands still does not change.
func TestAScheduledRunLooksAtOrdersThatHaveNotEnded(t *testing.T) {
	t.Parallel()
	s := scheduled(t)
	s.Place(t, "tok_visa")
	s.run(t)
	id := s.Stopped(t, false)
	r := s.run(t)
	require.False(t, r.Whole())
	require.Equal(t, []audit.Kind{judge.SagaStopped}, clinic.Kinds(r))
	require.Equal(t, []string{id}, s.Engine.Resumed)
	require.True(t, r.OK, r.Findings)
	require.Empty(t, r.Mark.Open, "it is repaired")
}

// A refund is of an order that has ended long ago.
func TestAScheduledRunLooksAtRefundsThatHaveNotEnded(t *testing.T) {
	t.Parallel()
	s := scheduled(t)
	id := s.Place(t, "tok_visa").ID
	s.run(t)
	s.StopRefund(t, id, 1, 100, true)
	r := s.run(t)
	require.False(t, r.Whole())
	require.Equal(t, []audit.Kind{judge.SagaStopped}, clinic.Kinds(r))
	require.True(t, r.OK, r.Findings)
	s.Injure(t, "order", "UPDATE order_refunds SET closed_at = ?", time.Now().UTC().Add(s.Later))
	s.run(t)
	require.Equal(t, 1, s.run(t).Judged, "it looks at it again when it has ended")
}

// The order is decided, and its decide-by is not over when all changes of that time are
// looked at.
func TestAScheduledRunComesBackToAnOrderThatIsTooYoung(t *testing.T) {
	t.Parallel()
	s := scheduled(t)
	id := s.Place(t, "tok_visa").ID
	s.overcharge(t, id)
	s.Injure(t, "order", "UPDATE orders SET decide_by = ? WHERE id = ?", time.Now().UTC().Add(5*time.Hour), id)
	for range 2 {
		r := s.run(t)
		require.Equal(t, 1, r.SkippedYoung)
		require.Equal(t, []string{id}, r.Mark.Open)
	}
	require.Equal(t, []string{id}, damaged(t, s.run(t)))
}

// A service has an entry of a saga whose order did not change, or is lost.
func TestAScheduledRunLooksAtWhatAServiceHasChanged(t *testing.T) {
	t.Parallel()
	for service, statement := range map[string]string{
		"catalog": "UPDATE barrier SET created_at = ? WHERE saga = ?", "inventory": "UPDATE barrier SET created_at = ? WHERE saga = ?",
		"payment": "UPDATE barrier SET created_at = ? WHERE saga = ?", "shipping": "UPDATE barrier SET created_at = ? WHERE saga = ?",
	} {
		t.Run(service, func(t *testing.T) {
			t.Parallel()
			s := scheduled(t)
			kept, lost := s.Place(t, "tok_visa").ID, s.Place(t, "tok_visa").ID
			s.run(t)
			for _, id := range []string{kept, lost} {
				s.Injure(t, service, statement, time.Now().UTC().Add(s.Later), id)
			}
			lose(t, s.Clinic, lost)
			require.True(t, s.run(t).OK)
			r := s.run(t)
			require.Equal(t, []audit.Kind{judge.UnknownOrder}, clinic.Kinds(r), r.Findings)
			require.Equal(t, lost, r.Findings[0].Order)
			require.Equal(t, 1, r.Judged, "the other is judged, too")
		})
	}
}

func TestAScheduledRunLooksAtNewMessages(t *testing.T) {
	t.Parallel()
	c, _, id := followed(t)
	s := scheduled(t)
	c.In.WholeEvery, c.In.WholeAt = s.In.WholeEvery, s.In.WholeAt
	s.Clinic = c
	s.run(t)
	s.Injure(t, "notification", "UPDATE deliveries SET recipient = 'account-2', created_at = ? WHERE subject = ?", time.Now().UTC().Add(s.Later), id)
	require.True(t, s.run(t).OK)
	require.Equal(t, []audit.Kind{notificationaudit.MailDoubled, notificationaudit.MailWrong}, clinic.Kinds(s.run(t)))
}

// The changes of several orders are on several pages, of several runs of the workflow.
func TestAScheduledRunGoesOnInPagesAndRuns(t *testing.T) {
	t.Parallel()
	s := scheduled(t)
	var ids []string
	for range 7 {
		id := s.Place(t, "tok_visa").ID
		s.overcharge(t, id)
		ids = append(ids, id)
	}
	s.run(t)
	s.run(t) // all of them are open
	for _, id := range ids[:5] {
		s.change(t, id) // and some have changed as well
	}
	s.run(t)
	s.In.PageSize, s.In.PagesPerRun = 2, 2
	r := s.run(t)
	require.Greater(t, s.Runs, 1)
	require.Equal(t, len(ids), r.Judged, "each once")
	require.ElementsMatch(t, ids, damaged(t, r))
}
