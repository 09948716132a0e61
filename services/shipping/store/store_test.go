package store_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/saga/ledger"
	"github.com/amends/amends/services/shipping"
	"github.com/amends/amends/services/shipping/store"
)

var (
	request = shipping.BookRequest{
		ShipTo: shipping.Address{Name: "Ada Buyer", Line1: "Hauptstr. 1", City: "Berlin", PostalCode: "10115", Country: "DE"},
		Parcels: []shipping.Parcel{
			{Warehouse: "BER", Lines: []shipping.Line{{SKU: "MUG", Quantity: 2}}},
			{Warehouse: "AMS", Lines: []shipping.Line{{SKU: "KETTLE", Quantity: 1}}},
		},
	}
	refusal = fault.Errorf(fault.Business, shipping.Undeliverable, "not there")
)

func step(saga string) key.Key { return key.New(saga, "shipping.book") }

// booking is the outcome of request for k, with tracking numbers of its own.
func booking(k key.Key) shipping.Booking {
	return shipping.Booking{Shipments: []shipping.Shipment{
		{Warehouse: "AMS", Carrier: "c", TrackingNumber: k.Saga + "-1", State: shipping.Booked},
		{Warehouse: "BER", Carrier: "c", TrackingNumber: k.Saga + "-2", State: shipping.Booked},
	}}
}

func TestStore(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, store.Schema.Migrate, func(t *testing.T, db *gorm.DB) {
		s := store.New(db)
		intend := func(t *testing.T, saga string) key.Key {
			t.Helper()

			ticket, err := s.Intend(t.Context(), step(saga), request)
			require.NoError(t, err)
			require.Equal(t, shipping.Ticket{}, ticket)
			return step(saga)
		}
		states := func(t *testing.T, k key.Key) (states []shipping.State) {
			t.Helper()

			all, err := s.Shipments(t.Context())
			require.NoError(t, err)
			for _, sh := range all {
				if sh.Saga == k.Saga {
					require.Equal(t, k.Child(sh.Warehouse), sh.Key)
					states = append(states, sh.State)
				}
			}
			return states
		}

		t.Run("WritesTheIntentsOfAllParcelsFirst", func(t *testing.T) {
			k := intend(t, "intent")
			require.Equal(t, []shipping.State{shipping.Intent, shipping.Intent}, states(t, k))
			ticket, err := s.Intend(t.Context(), k, request)
			require.NoError(t, err)
			require.Equal(t, shipping.Ticket{Ticket: ledger.Ticket[shipping.Booking]{Repeat: true}}, ticket)
			require.Len(t, states(t, k), 2)
		})

		t.Run("ConcludesOnce", func(t *testing.T) {
			k := intend(t, "conclude")
			require.NoError(t, s.Conclude(t.Context(), k, booking(k), booking(k).Shipments))
			require.NoError(t, s.Conclude(t.Context(), k, booking(k), booking(k).Shipments))
			require.Equal(t, []shipping.State{shipping.Booked, shipping.Booked}, states(t, k))
			ticket, err := s.Intend(t.Context(), k, request)
			require.NoError(t, err)
			require.Equal(t, shipping.Ticket{Ticket: ledger.Ticket[shipping.Booking]{Done: true, Outcome: booking(k)}}, ticket)
		})

		t.Run("ConcludesNothingOnceARefusalHasBegun", func(t *testing.T) {
			k := intend(t, "refusal begun")
			for range 2 {
				open, err := s.BeginRefusal(t.Context(), k, "BER", refusal)
				require.NoError(t, err)
				require.True(t, open)
			}
			err := s.Conclude(t.Context(), k, booking(k), booking(k).Shipments)
			require.Equal(t, fault.Conflict, fault.CodeOf(err))
			require.Equal(t, fault.Transient, fault.KindOf(err))
			require.Equal(t, []shipping.State{shipping.Intent, shipping.Intent}, states(t, k), "nothing of it is left")

			ticket, err := s.Intend(t.Context(), k, request)
			require.NoError(t, err)
			require.Equal(t, refusal, ticket.Refusal)
		})

		t.Run("KeepsTheRefusalThatCameFirst", func(t *testing.T) {
			k := intend(t, "first refusal")
			for _, f := range []*fault.Error{refusal, fault.Errorf(fault.Business, "TOO_HEAVY", "later")} {
				open, err := s.BeginRefusal(t.Context(), k, "BER", f)
				require.NoError(t, err)
				require.True(t, open)
			}
			ticket, err := s.Intend(t.Context(), k, request)
			require.NoError(t, err)
			require.Equal(t, refusal, ticket.Refusal)
		})

		t.Run("BeginsNoRefusalOfWhatIsConcluded", func(t *testing.T) {
			k := intend(t, "concluded")
			require.NoError(t, s.Conclude(t.Context(), k, booking(k), booking(k).Shipments))
			open, err := s.BeginRefusal(t.Context(), k, "BER", refusal)
			require.NoError(t, err)
			require.False(t, open)
		})

		t.Run("RecordsARefusalWithWhatWasTakenBack", func(t *testing.T) {
			k := intend(t, "refused")
			_, err := s.BeginRefusal(t.Context(), k, "BER", refusal)
			require.NoError(t, err)
			for range 2 {
				require.NoError(t, s.EndRefusal(t.Context(), k, refusal, booking(k).Shipments[:1]))
			}
			_, err = s.Intend(t.Context(), k, request)
			require.Equal(t, refusal, fault.Of(err))

			all, err := s.Shipments(t.Context())
			require.NoError(t, err)
			require.Contains(t, all, store.Shipment{
				Key: k.Child("AMS"), Saga: k.Saga,
				Shipment: shipping.Shipment{Warehouse: "AMS", Carrier: "c", TrackingNumber: "refused-1", State: shipping.Cancelled},
			})
			require.Contains(t, all, store.Shipment{
				Key: k.Child("BER"), Saga: k.Saga, Refusal: shipping.Undeliverable,
				Shipment: shipping.Shipment{Warehouse: "BER", State: shipping.Cancelled},
			})
		})

		t.Run("UndoesWhatItFindsAndNothingTwice", func(t *testing.T) {
			k := intend(t, "undo")
			undo, err := s.BeginUndo(t.Context(), k)
			require.NoError(t, err)
			require.Equal(t, shipping.Undo{Open: true, Warehouses: []string{"AMS", "BER"}}, undo)

			// The slow attempt concludes between the two halves of the undo, whose
			// "nothing was booked" would then be wrong.
			require.NoError(t, s.Conclude(t.Context(), k, booking(k), booking(k).Shipments))
			require.Equal(t, fault.Unavailable, fault.CodeOf(s.EndUndo(t.Context(), k, undo, nil)))
			require.Equal(t, []shipping.State{shipping.Booked, shipping.Booked}, states(t, k))

			undo, err = s.BeginUndo(t.Context(), k)
			require.NoError(t, err)
			require.Equal(t, shipping.Undo{Open: true, Warehouses: []string{"AMS", "BER"}, Booked: true}, undo)
			for range 2 {
				require.NoError(t, s.EndUndo(t.Context(), k, undo, booking(k).Shipments))
			}
			require.Equal(t, []shipping.State{shipping.Cancelled, shipping.Cancelled}, states(t, k))
			undo, err = s.BeginUndo(t.Context(), k)
			require.NoError(t, err)
			require.Zero(t, undo)
			require.Equal(t, fault.Suspended, fault.CodeOf(s.Conclude(t.Context(), k, booking(k), booking(k).Shipments)))
			require.Equal(t, fault.Suspended, fault.CodeOf(s.EndRefusal(t.Context(), k, refusal, nil)))
		})

		t.Run("RecordsTheOutcomeOfEachParcelAsItComes", func(t *testing.T) {
			k := intend(t, "one by one")
			ams, ber := booking(k).Shipments[0], booking(k).Shipments[1]
			for range 2 {
				recorded, err := s.RecordBooked(t.Context(), k, ams)
				require.NoError(t, err)
				require.True(t, recorded, "a repeat finds it")
			}
			ticket, err := s.Intend(t.Context(), k, request)
			require.NoError(t, err)
			require.Equal(t, shipping.Ticket{
				Ticket: ledger.Ticket[shipping.Booking]{Repeat: true}, Known: []shipping.Shipment{ams},
			}, ticket)
			open, err := s.BeginRefusal(t.Context(), k, "AMS", refusal)
			require.NoError(t, err)
			require.False(t, open, "a parcel that is booked is not refused")

			require.Equal(t, fault.Conflict, fault.CodeOf(s.Conclude(t.Context(), k, booking(k), nil)), "one is an intent still")
			require.NoError(t, s.Conclude(t.Context(), k, booking(k), []shipping.Shipment{ber}))
			require.Equal(t, []shipping.State{shipping.Booked, shipping.Booked}, states(t, k))

			for range 2 {
				require.NoError(t, s.RecordCancelled(t.Context(), k, ams))
			}
			undo, err := s.BeginUndo(t.Context(), k)
			require.NoError(t, err)
			require.Equal(t, shipping.Undo{Open: true, Warehouses: []string{"BER"}, Cancelled: 1, Booked: true}, undo)
			require.NoError(t, s.EndUndo(t.Context(), k, undo, []shipping.Shipment{ber}))
			require.Equal(t, []shipping.State{shipping.Cancelled, shipping.Cancelled}, states(t, k))
		})

		t.Run("ConcludesNothingOfWhichAParcelIsCancelled", func(t *testing.T) {
			k := intend(t, "half undone")
			for _, sh := range booking(k).Shipments {
				recorded, err := s.RecordBooked(t.Context(), k, sh)
				require.NoError(t, err)
				require.True(t, recorded)
			}
			require.NoError(t, s.RecordCancelled(t.Context(), k, booking(k).Shipments[0]))
			err := s.Conclude(t.Context(), k, booking(k), nil)
			require.Equal(t, fault.Conflict, fault.CodeOf(err))
			require.Equal(t, fault.Transient, fault.KindOf(err))
			undo, err := s.BeginUndo(t.Context(), k)
			require.NoError(t, err)
			require.True(t, undo.Booked)
		})

		t.Run("RecordsNoLateOutcome", func(t *testing.T) {
			late := func(k key.Key, want []shipping.State) {
				recorded, err := s.RecordBooked(t.Context(), k, booking(k).Shipments[0])
				require.NoError(t, err)
				require.False(t, recorded)
				require.Equal(t, want, states(t, k))
			}
			undone := intend(t, "late after undo")
			require.NoError(t, s.EndUndo(t.Context(), undone, shipping.Undo{Open: true}, nil))
			late(undone, []shipping.State{shipping.Cancelled, shipping.Cancelled})

			one := intend(t, "late after its parcel")
			require.NoError(t, s.RecordCancelled(t.Context(), one, shipping.Shipment{Warehouse: "AMS"}))
			late(one, []shipping.State{shipping.Cancelled, shipping.Intent})

			refused := intend(t, "late after refusal")
			_, err := s.BeginRefusal(t.Context(), refused, "AMS", refusal)
			require.NoError(t, err)
			late(refused, []shipping.State{shipping.Intent, shipping.Intent})
			late(step("never began"), nil)
		})

		t.Run("KnowsGenerationsApart", func(t *testing.T) {
			k := intend(t, "generations")
			second := k
			second.Generation = 1
			_, err := s.Intend(t.Context(), second, request)
			require.NoError(t, err)
			undo, err := s.BeginUndo(t.Context(), k)
			require.NoError(t, err)
			require.NoError(t, s.EndUndo(t.Context(), k, undo, nil))
			require.NoError(t, s.Conclude(t.Context(), second, booking(second), booking(second).Shipments))
		})

		t.Run("ReadsARequestThatANewerProgramRecorded", func(t *testing.T) {
			k := intend(t, "newer")
			require.NoError(t, db.Exec("UPDATE barrier SET request = ? WHERE saga = ?",
				`{"parcels":[{"warehouse":"AMS","lines":[],"weight":3}],"insured":true}`, k.Saga).Error)
			undo, err := s.BeginUndo(t.Context(), k)
			require.NoError(t, err)
			require.Equal(t, []string{"AMS"}, undo.Warehouses)
		})
	})
}
