package simulator_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/services/shipping/carrier"
	"github.com/amends/amends/services/shipping/carrier/simulator"
)

func parcel(postalCode string) carrier.Parcel {
	return carrier.Parcel{
		Warehouse: "BER",
		To:        carrier.Address{Name: "Ada Buyer", Line1: "Hauptstr. 1", City: "Berlin", PostalCode: postalCode, Country: "DE"},
		Lines:     []carrier.Line{{SKU: "MUG", Quantity: 2}},
	}
}

// requireNoAnswer requires an error that does not prove what happened.
func requireNoAnswer(t *testing.T, err error) {
	t.Helper()

	require.Error(t, err)
	for _, certain := range []error{
		carrier.ErrUndeliverable, carrier.ErrUnavailable, carrier.ErrForbidden, carrier.ErrKeyReused, carrier.ErrNotFound,
	} {
		require.NotErrorIs(t, err, certain)
	}
}

func TestSimulator(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, simulator.Schema.Migrate, func(t *testing.T, db *gorm.DB) {
		s := simulator.New(db, simulator.Options{})
		book := func(t *testing.T, key string) carrier.Booking {
			t.Helper()

			b, err := s.Book(t.Context(), key, parcel("10115"))
			require.NoError(t, err)
			return b
		}
		requireDead := func(t *testing.T, key string) {
			t.Helper()

			_, err := s.Book(t.Context(), key, parcel("10115"))
			require.ErrorIs(t, err, carrier.ErrForbidden)
		}

		t.Run("BooksOnceUnderAKey", func(t *testing.T) {
			first := book(t, "once")
			require.Equal(t, simulator.Name, first.Carrier)
			require.Equal(t, carrier.Booked, first.State)
			require.Equal(t, first, book(t, "once"))
			require.NotEqual(t, first.TrackingNumber, book(t, "another").TrackingNumber)

			_, err := s.Book(t.Context(), "once", parcel("10116"))
			require.ErrorIs(t, err, carrier.ErrKeyReused)
		})

		t.Run("CancelsWhatIsBooked", func(t *testing.T) {
			want := book(t, "cancel")
			require.NoError(t, s.Cancel(t.Context(), "cancel"))
			require.NoError(t, s.Cancel(t.Context(), "cancel"))
			requireDead(t, "cancel")

			want.State = carrier.Cancelled
			for _, ask := range []func(context.Context, string) (carrier.Booking, bool, error){s.Find, s.Forbid} {
				got, found, err := ask(t.Context(), "cancel")
				require.NoError(t, err)
				require.True(t, found)
				require.Equal(t, want, got)
			}
		})

		t.Run("CancelsNothingThatIsNotBooked", func(t *testing.T) {
			_, _, err := s.Forbid(t.Context(), "forbidden, then cancelled")
			require.NoError(t, err)
			for _, key := range []string{"never heard of", "forbidden, then cancelled"} {
				require.ErrorIs(t, s.Cancel(t.Context(), key), carrier.ErrNotFound)
			}
		})

		t.Run("ForbidsWhatIsNotBooked", func(t *testing.T) {
			for range 2 {
				_, found, err := s.Forbid(t.Context(), "forbid")
				require.NoError(t, err)
				require.False(t, found)
			}
			requireDead(t, "forbid")
			_, found, err := s.Find(t.Context(), "forbid")
			require.NoError(t, err)
			require.False(t, found)
		})

		t.Run("ForbidsNothingThatIsBooked", func(t *testing.T) {
			want := book(t, "booked, then forbidden")
			got, found, err := s.Forbid(t.Context(), "booked, then forbidden")
			require.NoError(t, err)
			require.True(t, found)
			require.Equal(t, want, got)
			require.Equal(t, want, book(t, "booked, then forbidden"), "it is left alone")
		})

		t.Run("RefusesAnUndeliverableAddressAndRemembersNothing", func(t *testing.T) {
			_, err := s.Book(t.Context(), "undeliverable", parcel(simulator.PostalUndeliverable))
			require.ErrorIs(t, err, carrier.ErrUndeliverable)
			_, found, err := s.Find(t.Context(), "undeliverable")
			require.NoError(t, err)
			require.False(t, found)
			book(t, "undeliverable")
		})

		t.Run("LosesTheFirstReplyOncePerKey", func(t *testing.T) {
			hurried := simulator.New(db, simulator.Options{MaxHang: time.Millisecond})
			for _, key := range []string{"lost 1", "lost 2"} {
				_, err := hurried.Book(t.Context(), key, parcel(simulator.PostalLostReply))
				requireNoAnswer(t, err)

				found, ok, err := s.Find(t.Context(), key)
				require.NoError(t, err)
				require.True(t, ok, "it is booked all the same")
				// As after a restart: what counts is in the book.
				again, err := simulator.New(db, simulator.Options{}).Book(t.Context(), key, parcel(simulator.PostalLostReply))
				require.NoError(t, err)
				require.Equal(t, found, again)
			}
		})

		t.Run("HangsUntilTheCallerGoes", func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			replied := make(chan error, 1)
			go func() {
				_, err := s.Book(ctx, "hang", parcel(simulator.PostalLostReply))
				replied <- err
			}()
			require.Eventually(t, func() bool {
				_, found, err := s.Find(t.Context(), "hang")
				return err == nil && found
			}, time.Minute, 5*time.Millisecond)
			require.Empty(t, replied, "booked, and silent")
			cancel()
			requireNoAnswer(t, <-replied)
		})

		t.Run("ListsItsBook", func(t *testing.T) {
			booking := book(t, "listed")
			entries, err := s.Entries(t.Context())
			require.NoError(t, err)
			require.Contains(t, entries, simulator.Entry{
				Key: "listed", State: "booked", Warehouse: "BER", TrackingNumber: booking.TrackingNumber,
			})
			require.Contains(t, entries, simulator.Entry{Key: "forbid", State: "forbidden"})
			for i, e := range entries {
				if i > 0 {
					require.Less(t, entries[i-1].Key, e.Key)
				}
			}
		})

		t.Run("DoesNotReplyToACallerThatIsGone", func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			_, _, err := s.Find(ctx, "gone")
			requireNoAnswer(t, err)
			_, err = s.Book(ctx, "gone", parcel("10115"))
			requireNoAnswer(t, err)
		})

		t.Run("IsUnavailableWithoutItsBook", func(t *testing.T) {
			shut := dbtest.Open(t, dbtest.SQLite(t), database.Options{})
			require.NoError(t, database.Close(shut))
			_, err := simulator.New(shut, simulator.Options{}).Book(t.Context(), "shut", parcel("10115"))
			require.ErrorIs(t, err, carrier.ErrUnavailable)
		})
	})
}
