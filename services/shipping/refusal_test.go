package shipping_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/services/shipping"
	"github.com/amends/amends/services/shipping/carrier/simulator"
)

func TestBookRefused(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b testBundle) {
		requireRefused := func(t *testing.T, err error) {
			t.Helper()

			require.Equal(t, shipping.Undeliverable, fault.CodeOf(err))
			require.Equal(t, fault.Business, fault.KindOf(err))
		}
		both := request("10115", "AMS", "BER")

		t.Run("TakesBackTheFirstParcelWhenTheSecondIsRefused", func(t *testing.T) {
			refusing, u := b.service(hooks{before: on("book", "BER", errRefused)}, shipping.Options{})
			_, err := refusing.Book(t.Context(), step("second"), both)
			requireRefused(t, err)
			require.Equal(t, 1, u.count("cancel"))
			require.Empty(t, b.agree(t, t.Context()))
			require.Equal(t, "refused", b.barrier(t, step("second")))

			willing, again := b.wellBehaved()
			_, err = willing.Book(t.Context(), step("second"), both)
			requireRefused(t, err)
			require.NoError(t, willing.Cancel(t.Context(), step("second")), "there is nothing to take back")
			_, err = willing.Book(t.Context(), step("second"), both)
			requireRefused(t, err)
			require.Zero(t, again.total(), "a refusal is sticky")
		})

		t.Run("RefusesAnAddressThatTheCarrierDoesNotServe", func(t *testing.T) {
			s, _ := b.wellBehaved()
			_, err := s.Book(t.Context(), step("undeliverable"), request(simulator.PostalUndeliverable, "AMS", "BER"))
			requireRefused(t, err)
			require.Empty(t, b.agree(t, t.Context()))
		})

		t.Run("TakesBackAParcelWhoseReplyWasLost", func(t *testing.T) {
			s, _ := b.service(hooks{
				before: on("book", "BER", errRefused),
				after:  on("book", "AMS", errLost),
			}, shipping.Options{})
			_, err := s.Book(t.Context(), step("refused and lost"), both)
			requireRefused(t, err)
			require.Empty(t, b.agree(t, t.Context()))
		})

		t.Run("StaysRefusedWhenAnAttemptDiesWhileTakingBack", func(t *testing.T) {
			for name, h := range map[string]hooks{
				"before forbidding":  {before: chain(on("book", "BER", errRefused), on("forbid", "AMS", errDown))},
				"after forbidding":   {before: on("book", "BER", errRefused), after: on("forbid", "BER", errLost)},
				"before cancelling":  {before: chain(on("book", "BER", errRefused), on("cancel", "AMS", errDown))},
				"after cancelling":   {before: on("book", "BER", errRefused), after: on("cancel", "AMS", errLost)},
				"before any forbids": {before: chain(on("book", "BER", errRefused), on("forbid", "AMS", errDown), on("forbid", "BER", errDown))},
			} {
				dying, _ := b.service(h, shipping.Options{})
				_, err := dying.Book(t.Context(), step(name), both)
				require.Contains(t, []fault.Kind{fault.Transient, fault.Unknown}, fault.KindOf(err), name)

				// This carrier would book both, but the step was decided.
				willing, u := b.wellBehaved()
				_, err = willing.Book(t.Context(), step(name), both)
				requireRefused(t, err)
				require.Zero(t, u.count("book"))
				require.Empty(t, b.agree(t, t.Context()))
			}
		})

		t.Run("CannotBeConcludedByAnotherAttempt", func(t *testing.T) {
			replies, refused := make(chan struct{}), make(chan struct{})
			finish := make(chan struct{})
			// A slow attempt has booked both parcels; its replies are on their way
			// until the other attempt has decided its refusal.
			slow, _ := b.service(hooks{after: func(_ context.Context, call, _ string) error {
				if call == "book" {
					replies <- struct{}{}
					<-refused
				}
				return nil
			}}, shipping.Options{})
			// The other finds nothing (it asks a replica that lags) and is refused.
			other, _ := b.service(hooks{before: func(_ context.Context, call, _ string) error {
				switch call {
				case "find", "book":
					return errRefused
				case "forbid":
					<-finish
				}
				return nil
			}}, shipping.Options{})

			slowErr, otherErr := make(chan error, 1), make(chan error, 1)
			go func() { _, err := slow.Book(t.Context(), step("two attempts"), both); slowErr <- err }()
			<-replies
			<-replies
			go func() { _, err := other.Book(t.Context(), step("two attempts"), both); otherErr <- err }()
			require.Eventually(t, func() bool {
				ticket, err := b.store.Intend(t.Context(), step("two attempts"), both)
				return err == nil && ticket.Refusal != nil
			}, waitFor, tick)
			close(refused)
			require.Equal(t, fault.Conflict, fault.CodeOf(<-slowErr))
			close(finish)
			requireRefused(t, <-otherErr)

			_, err := slow.Book(t.Context(), step("two attempts"), both)
			requireRefused(t, err)
			require.Empty(t, b.agree(t, t.Context()))
		})

		t.Run("IsTheAnswerOfAnAttemptThatFindsTheKeysDead", func(t *testing.T) {
			arrived, proceed := make(chan struct{}), make(chan struct{})
			slow, u := b.service(hooks{before: func(_ context.Context, call, _ string) error {
				if call == "book" {
					arrived <- struct{}{}
					<-proceed
				}
				return nil
			}}, shipping.Options{})
			slowErr := make(chan error, 1)
			go func() { _, err := slow.Book(t.Context(), step("dead keys"), both); slowErr <- err }()
			<-arrived
			<-arrived

			refusing, _ := b.service(hooks{before: on("book", "BER", errRefused)}, shipping.Options{})
			_, err := refusing.Book(t.Context(), step("dead keys"), both)
			requireRefused(t, err)
			close(proceed)
			requireRefused(t, <-slowErr)
			require.Zero(t, u.count("forbid"), "there was nothing left to take back")
			require.Empty(t, b.agree(t, t.Context()))
		})

		t.Run("CannotRefuseWhatAnotherAttemptConcluded", func(t *testing.T) {
			s, _ := b.wellBehaved()
			arrived, proceed := make(chan struct{}), make(chan struct{})
			late, _ := b.service(hooks{before: func(_ context.Context, call, _ string) error {
				if call != "book" {
					return nil
				}
				arrived <- struct{}{}
				<-proceed
				return errRefused
			}}, shipping.Options{})

			type result struct {
				booking shipping.Booking
				err     error
			}
			lateResult := make(chan result, 1)
			go func() {
				booking, err := late.Book(t.Context(), step("concluded"), both)
				lateResult <- result{booking, err}
			}()
			<-arrived
			<-arrived
			want, err := s.Book(t.Context(), step("concluded"), both)
			require.NoError(t, err)
			close(proceed)
			got := <-lateResult
			require.NoError(t, got.err)
			require.Equal(t, want, got.booking, "one key, one answer")
			require.Len(t, b.agree(t, t.Context()), 2)
		})
	})
}

// chain fails with the first failure of its hooks.
func chain(all ...func(context.Context, string, string) error) func(context.Context, string, string) error {
	return func(ctx context.Context, call, key string) error {
		for _, h := range all {
			if err := h(ctx, call, key); err != nil {
				return err
			}
		}
		return nil
	}
}
