package travel_test

import (
	"context"
	"testing"
	"time"

	"example.org/sagas/travel"
	"github.com/stretchr/testify/require"

	"github.com/amends/amends/saga"
	"github.com/amends/amends/saga/sagatest"
)

// explorer tries trips under schedules of faults. Broken is the part of the services that is
// wrong.
func explorer(t *testing.T, faults int, broken string, express ...string) sagatest.Explorer {
	t.Helper()
	return sagatest.Explorer{
		New: func() (sagatest.Subject, error) {
			w := newWorld(t)
			w.broken, w.express = broken, express
			return w, nil
		},
		SagaID:    "t1",
		Refusable: []string{"flight.book", "hotel.book", "car.rent", "payment.charge"},
		Faults:    faults, Sample: 300, Seed: 1,
	}
}

// No fault books a trip in part, or charges it without a ticket.
func TestNoFaultBreaksATrip(t *testing.T) {
	t.Parallel()
	for name, express := range map[string][]string{"Durable": nil, "Express": travel.Plan(2).Express()} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			report, err := explorer(t, 2, "", express...).Run(t.Context())
			require.NoError(t, err)
			require.Nil(t, report.Failure, "%v", report.Failure)
			require.NoError(t, report.Valid())
			t.Log(report)
		})
	}
}

// A proof that cannot fail is none. Schedules of one fault, and those that the explorer
// steers from there, find these mistakes within a minute.
func TestTheProofFindsMistakes(t *testing.T) {
	t.Parallel()
	for _, broken := range []string{
		"a settle that never asks the provider", "an undo that does not stop a late booking",
		"a booking without the barrier", "one key for two rooms",
	} {
		t.Run(broken, func(t *testing.T) {
			t.Parallel()
			began := time.Now()
			report, err := explorer(t, 1, broken).Run(t.Context())
			require.NoError(t, err)
			require.NotNil(t, report.Failure, "it was not found in %d schedules", report.Schedules)
			require.Less(t, report.Schedules, 1500, "an idle machine tries sixty in a second")
			t.Logf("found in %s and %d schedules by %q: %v", time.Since(began).Round(time.Millisecond), report.Schedules, report.Failure.Schedule, report.Failure.Err)

			again, err := explorer(t, 1, broken).Replay(t.Context(), report.Failure.Schedule.String())
			require.NoError(t, err)
			require.NotNil(t, again, "the line runs again")
		})
	}
}

// bindHotel binds the hotel's step, or a broken one.
func (w *world) bindHotel(r saga.Registry, s travel.Seller) {
	book, giveBack := s.Book, s.GiveBack
	switch w.broken {
	case "an undo that does not stop a late booking":
		giveBack = func(ctx context.Context, k saga.Key) error {
			var booked int64
			err := s.DB.Raw("SELECT count(*) FROM booking WHERE number = ?", k.String()).Scan(&booked).Error
			if err != nil || booked == 0 {
				return err
			}
			return s.GiveBack(ctx, k)
		}
	case "a booking without the barrier":
		book = func(_ context.Context, k saga.Key, item string) (string, error) {
			err := s.DB.Exec("INSERT INTO booking (number, item) VALUES (?, ?) ON CONFLICT DO NOTHING", k.String(), item).Error
			return k.String(), err
		}
	case "one key for two rooms":
		book = func(ctx context.Context, k saga.Key, item string) (string, error) {
			k.Step = travel.BookRoom.Name
			return s.Book(ctx, k, item)
		}
	}
	saga.Bind(r, travel.BookRoom, book, giveBack)
}
