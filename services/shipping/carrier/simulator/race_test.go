package simulator_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/services/shipping/carrier"
	"github.com/amends/amends/services/shipping/carrier/simulator"
)

func TestForbidOrBook(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, simulator.Schema.Migrate, func(t *testing.T, db *gorm.DB) {
		s := simulator.New(db, simulator.Options{})
		until := func(f func() error) error {
			for {
				if err := f(); !errors.Is(err, carrier.ErrUnavailable) {
					return err
				}
			}
		}

		t.Run("ExactlyOneOfThemWins", func(t *testing.T) {
			for i := range 20 {
				key := fmt.Sprintf("round %02d", i)
				var (
					wg                 sync.WaitGroup
					bookErr, forbidErr error
					found              bool
				)
				wg.Go(func() {
					bookErr = until(func() error { _, err := s.Book(t.Context(), key, parcel("10115")); return err })
				})
				wg.Go(func() {
					forbidErr = until(func() (err error) { _, found, err = s.Forbid(t.Context(), key); return err })
				})
				wg.Wait()
				require.NoError(t, forbidErr)
				if found {
					require.NoError(t, bookErr)
				} else {
					require.ErrorIs(t, bookErr, carrier.ErrForbidden)
				}
			}
		})

		t.Run("TwentyCallsBookOnce", func(t *testing.T) {
			const callers = 20
			var wg sync.WaitGroup
			got, errs := make([]carrier.Booking, callers), make([]error, callers)
			for i := range callers {
				wg.Go(func() {
					errs[i] = until(func() (err error) { got[i], err = s.Book(t.Context(), "twenty", parcel("10115")); return err })
				})
			}
			wg.Wait()
			for i := range callers {
				require.NoError(t, errs[i])
				require.Equal(t, got[0], got[i])
			}
		})
	})
}
