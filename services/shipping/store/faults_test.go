package store_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/services/shipping"
	"github.com/amends/amends/services/shipping/store"
)

func requireBug(t *testing.T, code fault.Code, err error) {
	t.Helper()

	require.Equal(t, fault.Bug, fault.KindOf(err), "%v", err)
	require.Equal(t, code, fault.CodeOf(err), "%v", err)
}

func TestATrackingNumberOfAnotherShipmentIsABug(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, store.Schema.Migrate, func(t *testing.T, db *gorm.DB) {
		s := store.New(db)
		for _, saga := range []string{"first", "second"} {
			_, err := s.Intend(t.Context(), step(saga), request)
			require.NoError(t, err)
		}
		taken := booking(step("first"))
		require.NoError(t, s.Conclude(t.Context(), step("first"), taken, taken.Shipments))
		requireBug(t, fault.Conflict, s.Conclude(t.Context(), step("second"), taken, taken.Shipments))
		requireBug(t, fault.Conflict, s.EndRefusal(t.Context(), step("second"), refusal, taken.Shipments))
		requireBug(t, fault.Conflict, s.EndUndo(t.Context(), step("second"), shipping.Undo{Booked: true}, taken.Shipments))
		require.NoError(t, s.Conclude(t.Context(), step("second"), booking(step("second")), booking(step("second")).Shipments), "nothing of it is left")
	})
}

// TestWhatDoesNotFitIsABug gives every method a NUL byte, which PostgreSQL does not
// take: a saga that repeated that would repeat it for ever.
func TestWhatDoesNotFitIsABug(t *testing.T) {
	t.Parallel()

	db := dbtest.Open(t, dbtest.Postgres(t), database.Options{})
	require.NoError(t, store.Schema.Migrate(t.Context(), db))
	s := store.New(db)
	k, nul := step("fits"), step("\x00")

	odd := request
	odd.Parcels = slices.Clone(request.Parcels)
	odd.Parcels[0].Warehouse = "B\x00R"
	requireBug(t, fault.Invalid, dbtest.Only(s.Intend(t.Context(), k, odd)))
	requireBug(t, fault.Invalid, dbtest.Only(s.Intend(t.Context(), nul, request)))
	requireBug(t, fault.Invalid, dbtest.Only(s.BeginUndo(t.Context(), nul)))

	require.NoError(t, dbtest.Only(s.Intend(t.Context(), k, request)))
	booked := booking(k)
	booked.Shipments[1].TrackingNumber = "\x00"
	requireBug(t, fault.Invalid, s.Conclude(t.Context(), k, booked, booked.Shipments))
	requireBug(t, fault.Invalid, dbtest.Only(s.BeginRefusal(t.Context(), k, "B\x00R", refusal)))
	requireBug(t, fault.Invalid, s.EndRefusal(t.Context(), k, fault.Errorf(fault.Business, "\x00", "odd"), nil))
	requireBug(t, fault.Invalid, s.EndUndo(t.Context(), k, shipping.Undo{Booked: true}, booked.Shipments))
	require.NoError(t, s.Conclude(t.Context(), k, booking(k), booking(k).Shipments), "nothing of it is left")
}
