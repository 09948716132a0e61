package shipping_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/services/shipping"
)

func TestBookConcurrently(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b testBundle) {
		t.Run("TwentyAttemptsBookOnce", func(t *testing.T) {
			const attempts = 20
			s, _ := b.wellBehaved()
			got := make([]shipping.Booking, attempts)
			errs := make([]error, attempts)
			var wg sync.WaitGroup
			for i := range attempts {
				wg.Go(func() {
					errs[i] = insist(t, func() (err error) {
						got[i], err = s.Book(t.Context(), step("twenty"), request("10115", "AMS", "BER"))
						return err
					})
				})
			}
			wg.Wait()
			for i := range attempts {
				require.NoError(t, errs[i])
				require.Equal(t, got[0], got[i], "one key, one answer")
			}
			require.Len(t, b.agree(t, t.Context()), 2)
		})

		t.Run("CancelLeavesNothing", func(t *testing.T) {
			const rounds = 20
			s, _ := b.wellBehaved()
			for i := range rounds {
				k := step(fmt.Sprintf("round %d", i))
				var bookErr, cancelErr error
				var wg sync.WaitGroup
				wg.Go(func() {
					bookErr = insist(t, func() error {
						_, err := s.Book(t.Context(), k, request("10115", "AMS", "BER"))
						return err
					})
				})
				wg.Go(func() {
					cancelErr = insist(t, func() error { return s.Cancel(t.Context(), k) })
				})
				wg.Wait()
				require.NoError(t, cancelErr)
				if bookErr != nil { // else it was done before it was undone
					require.Equal(t, fault.Suspended, fault.CodeOf(bookErr))
				}
				_, err := s.Book(t.Context(), k, request("10115", "AMS", "BER"))
				require.Equal(t, fault.Suspended, fault.CodeOf(err))
			}
			for _, key := range b.agree(t, t.Context()) {
				require.NotContains(t, key, "round")
			}
		})
	})
}
