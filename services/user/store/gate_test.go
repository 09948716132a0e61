package store_test

import (
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/identity/token"
	"github.com/amends/amends/services/user"
)

func TestAGatewayVerifiesTokensOfTheService(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b testBundle) {
		ctx := t.Context()
		a := b.account(t, "ada@example.com")
		v := token.NewVerifier(token.Config{Source: b, Now: b.clock.now, Logger: slog.New(slog.DiscardHandler)})
		s := b.logIn(t, "ada@example.com")
		i, err := v.Verify(ctx, s.Access)
		require.NoError(t, err)
		require.Equal(t, []any{a.ID, s.Session, user.Customer.Scopes()}, []any{i.Account, i.Session, i.Scopes})
		require.True(t, s.AccessExpires.Equal(i.Expires))
		_, err = v.Verify(ctx, s.Refresh)
		requireRefusal(t, err, token.Unauthenticated)
		b.clock.pass(token.Lifetime + token.Leeway)
		_, err = v.Verify(ctx, s.Access)
		requireRefusal(t, err, token.Unauthenticated)
	})
}

// TestEveryGatewayRefusesARevokedSession waits for each of three gateways, which look on
// their own, and never longer than a loaded machine needs.
func TestEveryGatewayRefusesARevokedSession(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b testBundle) {
		ctx := t.Context()
		a := b.account(t, "ada@example.com")
		s, stays := b.logIn(t, "ada@example.com"), b.logIn(t, "ada@example.com")
		var gateways []*token.Verifier
		for range 3 {
			v := token.NewVerifier(token.Config{Source: b, Now: b.clock.now, Logger: slog.New(slog.DiscardHandler)})
			go func() { _ = v.Run(ctx) }()
			gateways = append(gateways, v)
		}
		for _, v := range gateways {
			require.Eventually(t, func() bool { _, known := v.Age(); return known }, time.Minute, time.Millisecond)
			_, err := v.Verify(ctx, s.Access)
			require.NoError(t, err)
		}
		require.NoError(t, b.LogOut(ctx, a.ID, s.Session))
		for _, v := range gateways {
			require.Eventually(t, func() bool {
				_, err := v.Verify(ctx, s.Access)
				return fault.CodeOf(err) == token.Unauthenticated
			}, time.Minute, time.Millisecond)
			_, err := v.Verify(ctx, stays.Access)
			require.NoError(t, err)
		}
	})
}

func TestRevocationsAreInTheOrderOfTheirCommits(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b testBundle) {
		ctx := t.Context()
		const n = 20
		accounts := make([]user.Account, n)
		sessions := map[string]bool{}
		for i := range n {
			email := string(rune('a'+i)) + "@example.com"
			accounts[i] = b.account(t, email)
			sessions[b.logIn(t, email).Session] = true
		}
		seen, after := map[string]bool{}, int64(0)
		read := func() {
			r, err := b.Revocations(ctx, after)
			require.NoError(t, err)
			require.Len(t, r.Ended, int(r.Position-after), "no position is skipped and filled later")
			for _, e := range r.Ended {
				seen[e.ID] = true
			}
			after = r.Position
		}
		done := make(chan []error, 1)
		go func() {
			_, errs := atOnce(n, func(i int) (bool, error) { return true, b.LogOut(ctx, accounts[i].ID, "") })
			done <- errs
		}()
		for running := true; running; {
			select {
			case errs := <-done:
				for _, err := range errs {
					require.NoError(t, err)
				}
				running = false
			default:
			}
			read()
		}
		read()
		require.Equal(t, sessions, seen)

		r, err := b.Revocations(ctx, 1000)
		require.NoError(t, err)
		require.Len(t, r.Ended, n, "a position that there is not is the beginning")
		b.clock.pass(token.Lifetime + 3*token.Leeway)
		r, err = b.Revocations(ctx, 0)
		require.NoError(t, err)
		require.Empty(t, r.Ended)
		require.Equal(t, int64(n), r.Position)
	})
}
