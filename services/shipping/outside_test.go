package shipping_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/services/shipping"
	"github.com/amends/amends/services/shipping/carrier"
	"github.com/amends/amends/services/shipping/carrier/simulator"
)

func TestBook(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b testBundle) {
		t.Run("BooksOneShipmentPerParcel", func(t *testing.T) {
			s, _ := b.wellBehaved()
			got, err := s.Book(t.Context(), step("plain"), request("10115", "BER", "AMS"))
			require.NoError(t, err)
			require.Len(t, got.Shipments, 2)
			for i, warehouse := range []string{"AMS", "BER"} {
				require.Equal(t, warehouse, got.Shipments[i].Warehouse)
				require.Equal(t, simulator.Name, got.Shipments[i].Carrier)
				require.NotEmpty(t, got.Shipments[i].TrackingNumber)
				require.Equal(t, shipping.Booked, got.Shipments[i].State)
			}
			require.NotEqual(t, got.Shipments[0].TrackingNumber, got.Shipments[1].TrackingNumber)
			require.Equal(t, []string{"plain/shipping.book/AMS", "plain/shipping.book/BER"}, b.agree(t, t.Context()))
		})

		t.Run("TwiceIsOnce", func(t *testing.T) {
			s, u := b.wellBehaved()
			first, err := s.Book(t.Context(), step("twice"), request("10115", "AMS", "BER"))
			require.NoError(t, err)
			calls := u.total()
			second, err := s.Book(t.Context(), step("twice"), request("10115", "BER", "AMS"))
			require.Equal(t, fault.Mismatch, fault.CodeOf(err), "the parcels have other contents now")
			require.Zero(t, second)
			second, err = s.Book(t.Context(), step("twice"), request("10115", "AMS", "BER"))
			require.NoError(t, err)
			require.Equal(t, first, second)
			require.Equal(t, 2, calls)
			require.Equal(t, calls, u.total(), "a repeat does not call")
			b.agree(t, t.Context())
		})

		t.Run("ARepeatNeedsNoAddress", func(t *testing.T) {
			s, u := b.wellBehaved()
			bare := request("10115", "AMS", "BER")
			bare.ShipTo = shipping.Address{}
			_, err := s.Book(t.Context(), step("bare"), bare)
			require.Equal(t, fault.Conflict, fault.CodeOf(err), "nothing is booked without an address")
			require.Equal(t, fault.Bug, fault.KindOf(err))
			require.Zero(t, u.total())

			first, err := s.Book(t.Context(), step("bare"), request("10115", "AMS", "BER"))
			require.NoError(t, err)
			second, err := s.Book(t.Context(), step("bare"), bare)
			require.NoError(t, err)
			require.Equal(t, first, second)
			require.Equal(t, 2, u.total())
			require.NoError(t, s.Cancel(t.Context(), step("bare")))
			_, err = s.Book(t.Context(), step("bare"), bare)
			require.Equal(t, fault.Suspended, fault.CodeOf(err))

			_, err = b.store.Intend(t.Context(), step("begun"), request("10115", "AMS"))
			require.NoError(t, err)
			calls := u.total()
			alone := request("10115", "AMS")
			alone.ShipTo = shipping.Address{}
			_, err = s.Book(t.Context(), step("begun"), alone)
			require.Equal(t, fault.Conflict, fault.CodeOf(err), "no parcel is booked to nowhere")
			require.Equal(t, calls+1, u.total(), "the carrier was only asked for it")
			require.NoError(t, s.Cancel(t.Context(), step("begun")))
		})

		t.Run("KnowsTheRequestWhateverTheOrderOfItsParcels", func(t *testing.T) {
			s, _ := b.wellBehaved()
			req := request("10115", "AMS", "BER")
			first, err := s.Book(t.Context(), step("order"), req)
			require.NoError(t, err)
			req.Parcels[0], req.Parcels[1] = req.Parcels[1], req.Parcels[0]
			second, err := s.Book(t.Context(), step("order"), req)
			require.NoError(t, err)
			require.Equal(t, first, second)
		})

		t.Run("RefusesAKeyThatBookedSomethingElse", func(t *testing.T) {
			s, u := b.wellBehaved()
			_, err := s.Book(t.Context(), step("reused"), request("10115", "AMS"))
			require.NoError(t, err)
			for _, other := range []shipping.BookRequest{
				request("10116", "AMS"), request("10115", "BER"), request("10115", "AMS", "BER"),
			} {
				_, err = s.Book(t.Context(), step("reused"), other)
				require.Equal(t, fault.Mismatch, fault.CodeOf(err))
				require.Equal(t, fault.Bug, fault.KindOf(err))
			}
			require.Equal(t, 1, u.total())
		})

		t.Run("RefusesARequestThatBreaksARule", func(t *testing.T) {
			s, u := b.wellBehaved()
			empty := request("10115", "AMS")
			empty.Parcels[0].Lines = nil
			nothing := request("10115", "AMS")
			nothing.Parcels[0].Lines[0].Quantity = 0
			for _, req := range []shipping.BookRequest{
				request("10115"), request("10115", "AMS", "AMS"), request("10115", ""), request("10115", "A/B"), empty, nothing,
			} {
				_, err := s.Book(t.Context(), step("bad"), req)
				require.Equal(t, fault.Invalid, fault.CodeOf(err))
				require.Equal(t, fault.Bug, fault.KindOf(err))
			}
			require.Zero(t, u.total())
			require.Empty(t, b.barrier(t, step("bad")))
		})

		t.Run("KeepsNoAddress", func(t *testing.T) {
			s, _ := b.wellBehaved()
			_, err := s.Book(t.Context(), step("private"), request("SW1A 1AA", "AMS"))
			require.NoError(t, err)
			_, err = s.Book(t.Context(), step("private, refused"), request(simulator.PostalUndeliverable, "AMS"))
			require.NotContains(t, err.Error(), "Hauptstr")
			for _, table := range []string{"barrier", "shipments"} {
				var rows []map[string]any
				require.NoError(t, b.db.Table(table).Find(&rows).Error)
				require.NotEmpty(t, rows)
				for _, secret := range []string{"Ada", "Hauptstr", "Berlin", "SW1A 1AA"} {
					require.NotContains(t, fmt.Sprint(rows), secret)
				}
			}
		})
	})
}

func TestBookUnknownOutcome(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b testBundle) {
		t.Run("AsksFirstAfterALostReply", func(t *testing.T) {
			hasty, u := b.service(hooks{}, shipping.Options{CallTimeout: 2 * time.Second}) // in which the carrier books
			req := request(simulator.PostalLostReply, "AMS", "BER")
			_, err := hasty.Book(t.Context(), step("lost"), req)
			require.Equal(t, shipping.CarrierTimeout, fault.CodeOf(err))
			require.Equal(t, fault.Unknown, fault.KindOf(err))
			now, _ := u.running()
			require.Zero(t, now, "no call outlives its step")

			patient, again := b.wellBehaved()
			_, err = patient.Book(t.Context(), step("lost"), req)
			require.NoError(t, err)
			require.Equal(t, 2, again.count("find"))
			require.Len(t, b.agree(t, t.Context()), 2)
			require.Zero(t, again.count("book"), "what was found is not booked again")
		})

		t.Run("BooksOnlyWhatItDoesNotFind", func(t *testing.T) {
			failing, _ := b.service(hooks{before: on("book", "BER", errDown)}, shipping.Options{})
			_, err := failing.Book(t.Context(), step("half"), request("10115", "AMS", "BER"))
			require.Equal(t, shipping.CarrierUnavailable, fault.CodeOf(err))
			require.Equal(t, fault.Transient, fault.KindOf(err))

			healed, u := b.wellBehaved()
			_, err = healed.Book(t.Context(), step("half"), request("10115", "AMS", "BER"))
			require.NoError(t, err)
			require.Equal(t, 1, u.count("book"))
			b.agree(t, t.Context())
		})

		t.Run("TakesEveryOtherErrorForAnUnknownOutcome", func(t *testing.T) {
			for err, code := range map[error]fault.Code{
				fmt.Errorf("Hauptstr. 1: %w", carrier.ErrUnavailable):           shipping.CarrierUnavailable,
				errors.New("connection reset after Hauptstr. 1"):                shipping.CarrierTimeout,
				fmt.Errorf("read of Hauptstr. 1: %w", context.DeadlineExceeded): shipping.CarrierTimeout,
			} {
				s, _ := b.service(hooks{before: on("book", "AMS", err)}, shipping.Options{})
				_, got := s.Book(t.Context(), step("codeless"), request("10115", "AMS"))
				require.Equal(t, code, fault.CodeOf(got))
				require.NotContains(t, got.Error(), "Hauptstr")
				require.ErrorIs(t, got, err, "the cause stays for the log")
			}
			s, _ := b.wellBehaved()
			require.NoError(t, s.Cancel(t.Context(), step("codeless")))
		})

		t.Run("GivesEveryCallItsTime", func(t *testing.T) {
			for want, o := range map[time.Duration]shipping.Options{
				4 * time.Second: {}, // the default
				time.Minute:     {CallTimeout: time.Minute},
			} {
				u := &unruly{inner: b.sim, calls: map[string]int{}}
				u.hooks.before = func(ctx context.Context, _, _ string) error {
					deadline, ok := ctx.Deadline()
					if left := time.Until(deadline); !ok || left > want || left < want/2 {
						return errRefused
					}
					return nil
				}
				s := shipping.New(b.store, u, o)
				k := step("deadline " + want.String())
				_, err := s.Book(t.Context(), k, request("10115", "AMS"))
				require.NoError(t, err)
				require.NoError(t, s.Cancel(t.Context(), k))
			}
		})

		t.Run("CallsABoundedNumberAtATime", func(t *testing.T) {
			two := make(chan struct{})
			arrived := make(chan struct{}, 6)
			s, u := b.service(hooks{before: func(ctx context.Context, _, _ string) error {
				if arrived <- struct{}{}; len(arrived) == 2 {
					close(two) // so the calls do run at the same time
				}
				select {
				case <-two:
					return nil
				case <-ctx.Done():
					return ctx.Err()
				}
			}}, shipping.Options{MaxCalls: 2})
			_, err := s.Book(t.Context(), step("many"), request("10115", "A", "B", "C", "D", "E", "F"))
			require.NoError(t, err)
			_, most := u.running()
			require.Equal(t, 2, most)
		})
	})
}
