package tour_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"testing"

	"example.org/sagas/tour"
	"github.com/glebarez/sqlite"
	"github.com/pressly/goose/v3"
	"github.com/stretchr/testify/require"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"github.com/amends/amends/event"
	"github.com/amends/amends/event/eventtest/explore"
	"github.com/amends/amends/event/eventtest/mortal"
	"github.com/amends/amends/event/outbox"
	"github.com/amends/amends/event/outbox/outboxtest"
	"github.com/amends/amends/saga/barrier"
	"github.com/amends/amends/saga/sagatest/schedule"
)

func TestNoTourStandsStill(t *testing.T) {
	t.Parallel()
	require.NoError(t, tour.Choreography().Check())
}

// No schedule of one fault, and no sampled one of two, sells a room or a seat twice, leaves
// one behind, or cancels a tour without a reason.
func TestNoFaultBreaksATour(t *testing.T) {
	t.Parallel()
	report, err := explore.Explorer{
		New:    func(r *explore.Registry) (explore.Subject, error) { return newWorld(t, r) },
		Faults: 2, Sample: 300, Seed: 1,
	}.Run(t.Context())
	require.NoError(t, err)
	require.Nil(t, report.Failure, "%v", report.Failure)
	require.NoError(t, report.Valid())
	t.Log(report)
}

const id = "t1"

// world is the three services under exploration.
type world struct {
	books     map[string]*gorm.DB
	readers   []*outboxtest.Reader
	desk      tour.Desk
	reminders int
}

func newWorld(t *testing.T, r *explore.Registry) (*world, error) {
	t.Helper()
	w := &world{books: map[string]*gorm.DB{}}
	for _, service := range []string{"desk", "hotel", "airline"} {
		w.books[service] = open(t)
	}
	// The services use databases that die with their processes; the test does not.
	own := func(service string) *gorm.DB { return mortal.Wrap(w.books[service], r) }
	w.desk = tour.Desk{DB: own("desk")}
	for _, l := range tour.Listeners(w.desk, tour.Seller{DB: own("hotel")}, tour.Seller{DB: own("airline")}) {
		r.Listen(l)
	}
	return w, nil
}

// open returns a database in memory, with one connection.
func open(t *testing.T) *gorm.DB {
	t.Helper()
	db, err := gorm.Open(sqlite.Open(":memory:"), &gorm.Config{Logger: logger.Discard})
	require.NoError(t, err)
	pool, err := db.DB()
	require.NoError(t, err)
	pool.SetMaxOpenConns(1)
	t.Cleanup(func() { require.NoError(t, pool.Close()) })
	told, err := fs.Sub(outbox.Migrations, "migrations/sqlite")
	require.NoError(t, err)
	for name, migrations := range map[string]fs.FS{"barrier": barrier.Migrations, outbox.Name: told} {
		provider, err := goose.NewProvider(goose.DialectSQLite3, pool, migrations, goose.WithTableName("goose_"+name))
		require.NoError(t, err)
		_, err = provider.Up(t.Context())
		require.NoError(t, err)
	}
	require.NoError(t, db.Exec("CREATE TABLE tour (id text PRIMARY KEY, state text NOT NULL, reason text NOT NULL)").Error)
	require.NoError(t, db.Exec("CREATE TABLE stock (free bigint NOT NULL CHECK (free >= 0))").Error)
	return db
}

func (w *world) Reset(context.Context) error {
	var all []error
	w.reminders, w.readers = 0, nil
	for _, service := range []string{"desk", "hotel", "airline"} {
		db := w.books[service]
		for _, statement := range []string{
			"DELETE FROM barrier", "DELETE FROM outbox", "DELETE FROM tour", "DELETE FROM stock", "INSERT INTO stock VALUES (10)",
		} {
			all = append(all, db.Exec(statement).Error)
		}
		w.readers = append(w.readers, outboxtest.New(db))
	}
	return errors.Join(all...)
}

func (w *world) Begin(ctx context.Context) error { return w.desk.Book(ctx, id) }

func (w *world) Told(ctx context.Context) (all []event.Event, err error) {
	for _, r := range w.readers {
		events, err := r.Next(ctx)
		if err != nil {
			return nil, err
		}
		all = append(all, events...)
	}
	return all, nil
}

// Remind has the desk's clock look; a tour is late after the fifth look.
func (w *world) Remind(ctx context.Context) error {
	w.reminders++
	return w.desk.Remind(ctx, id, w.reminders > 5)
}

func (w *world) Expire(ctx context.Context) error {
	w.reminders = 5
	return w.Remind(ctx)
}

func (w *world) Cancel(ctx context.Context) error { return w.desk.Object(ctx, id, "canceled") }

// refusals are the reactions that can find nothing left, with the service and the reason.
var refusals = map[string][2]string{"hotel:desk.asked": {"hotel", "no room"}, "airline:hotel.held": {"airline", "no seat"}}

func (w *world) Refusable() []string { return []string{"airline:hotel.held", "hotel:desk.asked"} }

func (w *world) Refuse(_ context.Context, reaction string) error {
	return w.books[refusals[reaction][0]].Exec("UPDATE stock SET free = 0 WHERE free = 10").Error
}

func (w *world) Ended(ctx context.Context) (bool, error) {
	state, _, err := w.desk.State(ctx, id)
	return state == "confirmed" || state == "cancelled", err
}

func (w *world) Check(ctx context.Context, end explore.End) error {
	state, reason, err := w.desk.State(ctx, id)
	if err != nil {
		return err
	}
	wants := int64(0)
	if state == "confirmed" {
		wants = 1
	} else if !may(reason, end.Faults) {
		err = fmt.Errorf("it is %s: %s", state, reason)
	}
	for _, service := range []string{"hotel", "airline"} {
		var free, sold int64
		if failed := w.books[service].Raw("SELECT free FROM stock").Scan(&free).Error; failed != nil {
			return failed
		}
		if failed := w.books[service].Raw("SELECT count(*) FROM barrier WHERE state = 'done'").Scan(&sold).Error; failed != nil {
			return failed
		}
		if sold != wants || free != 10-sold && free != 0 {
			err = errors.Join(err, fmt.Errorf("it is %s, the %s has sold %d and has %d free", state, service, sold, free))
		}
	}
	return err
}

// may reports whether faults are a reason for which a tour is cancelled.
func may(reason string, faults explore.Schedule) bool {
	return slices.ContainsFunc(faults, func(f schedule.Fault) bool {
		switch f.Kind {
		case schedule.Refuse:
			return refusals[schedule.Name(f.Call)][1] == reason
		case schedule.Cancel:
			return reason == "canceled"
		case schedule.Deadline, schedule.Away, schedule.Parked:
			return reason == "late"
		default:
			return false
		}
	})
}
