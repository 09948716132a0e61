package shipping_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/services/shipping"
)

// waitFor and tick are how long and how often a test waits for a condition.
const (
	waitFor = time.Minute
	tick    = 5 * time.Millisecond
)

func TestCancel(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b testBundle) {
		both := request("10115", "AMS", "BER")
		requireSuspended := func(t *testing.T, saga string) {
			t.Helper()

			s, u := b.wellBehaved()
			_, err := s.Book(t.Context(), step(saga), both)
			require.Equal(t, fault.Suspended, fault.CodeOf(err))
			require.Equal(t, fault.Suspension, fault.KindOf(err))
			require.Zero(t, u.total(), "a late attempt does not call")
			require.Empty(t, b.agree(t, t.Context()))
		}

		t.Run("TakesBackAllParcelsOnce", func(t *testing.T) {
			s, u := b.wellBehaved()
			_, err := s.Book(t.Context(), step("booked"), both)
			require.NoError(t, err)
			require.NoError(t, s.Cancel(t.Context(), step("booked")))
			require.NoError(t, s.Cancel(t.Context(), step("booked")))
			require.Equal(t, 2, u.count("cancel"))
			require.Equal(t, "undone", b.barrier(t, step("booked")))
			requireSuspended(t, "booked")
		})

		t.Run("NeverBookedIsFine", func(t *testing.T) {
			s, u := b.wellBehaved()
			require.NoError(t, s.Cancel(t.Context(), step("never")))
			require.NoError(t, s.Cancel(t.Context(), step("never")))
			require.Zero(t, u.total())
			require.Equal(t, "blocked", b.barrier(t, step("never")))
			requireSuspended(t, "never")
		})

		t.Run("ForbidsWhatDidNotHappen", func(t *testing.T) {
			s, _ := b.service(hooks{before: func(_ context.Context, call, _ string) error {
				if call == "book" {
					return errLost
				}
				return nil
			}}, shipping.Options{})
			_, err := s.Book(t.Context(), step("did not happen"), both)
			require.Equal(t, shipping.CarrierTimeout, fault.CodeOf(err))
			require.NoError(t, s.Cancel(t.Context(), step("did not happen")))
			require.Equal(t, "blocked", b.barrier(t, step("did not happen")))
			requireSuspended(t, "did not happen")
		})

		t.Run("TakesBackWhatMayHaveHappened", func(t *testing.T) {
			s, u := b.service(hooks{after: on("book", "BER", errLost)}, shipping.Options{})
			_, err := s.Book(t.Context(), step("may have happened"), both)
			require.Equal(t, shipping.CarrierTimeout, fault.CodeOf(err))
			require.NoError(t, s.Cancel(t.Context(), step("may have happened")))
			require.Equal(t, 2, u.count("cancel"))
			require.Equal(t, "undone", b.barrier(t, step("may have happened")))
			requireSuspended(t, "may have happened")
		})

		t.Run("IsRetriedWhileTheCarrierCannotTell", func(t *testing.T) {
			s, _ := b.wellBehaved()
			for saga, h := range map[string]hooks{
				"forbid fails":     {before: on("forbid", "AMS", errDown)},
				"forbid's is lost": {after: on("forbid", "AMS", errLost)},
				"cancel fails":     {before: on("cancel", "BER", errDown)},
				"cancel's is lost": {after: on("cancel", "BER", errLost)},
			} {
				_, err := s.Book(t.Context(), step(saga), both)
				require.NoError(t, err)
				failing, _ := b.service(h, shipping.Options{})
				err = failing.Cancel(t.Context(), step(saga))
				require.Contains(t, []fault.Kind{fault.Transient, fault.Unknown}, fault.KindOf(err), saga)
				require.Equal(t, "done", b.barrier(t, step(saga)), "nothing is recorded that is not sure")

				require.NoError(t, s.Cancel(t.Context(), step(saga)))
				requireSuspended(t, saga)
			}
		})

		// A slow attempt is at its call, or at its reply, while the undo comes and
		// goes: the first loses at the carrier, the second at the barrier.
		for _, at := range []string{"call", "reply"} {
			t.Run("BeatsASlowBookAtIts"+at, func(t *testing.T) {
				arrived, proceed := make(chan struct{}), make(chan struct{})
				wait := func(_ context.Context, call, _ string) error {
					if call == "book" {
						arrived <- struct{}{}
						<-proceed
					}
					return nil
				}
				h := hooks{before: wait}
				if at == "reply" {
					h = hooks{after: wait}
				}
				slow, _ := b.service(h, shipping.Options{})
				slowErr := make(chan error, 1)
				go func() { _, err := slow.Book(t.Context(), step("slow "+at), both); slowErr <- err }()
				<-arrived
				<-arrived

				s, _ := b.wellBehaved()
				require.NoError(t, s.Cancel(t.Context(), step("slow "+at)))
				close(proceed)
				require.Equal(t, fault.Suspended, fault.CodeOf(<-slowErr))
				requireSuspended(t, "slow "+at)
			})
		}
	})
}
