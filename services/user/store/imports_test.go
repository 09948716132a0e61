package store_test

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/services/user"
)

// old is an account of another program, with the password good.
func old(id, email string) user.Imported {
	sum := sha256.Sum256([]byte("salt" + good))
	return user.Imported{
		ID: id, Email: email, Name: "A. Buyer", Locale: "de", Salt: "salt", Digest: hex.EncodeToString(sum[:]), CreatedAt: time.Date(2019, 5, 1, 0, 0, 0, 0, time.UTC),
	}
}

func TestAnAccountIsImported(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b testBundle) {
		hash := func() (h string) {
			require.NoError(t, b.db.Raw("SELECT password FROM accounts WHERE id = 'old'").Scan(&h).Error)
			return h
		}
		var all sync.WaitGroup
		made := make([]bool, 10)
		for i := range made {
			all.Go(func() {
				var err error
				made[i], err = b.Import(t.Context(), old("old", "Ada@Example.com"))
				if err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		n := 0
		for _, m := range made {
			if m {
				n++
			}
		}
		require.Equal(t, 1, n, "one of them makes it")
		a, err := b.Account(t.Context(), "old")
		require.NoError(t, err)
		require.Equal(t, "Ada@Example.com", a.Email)
		require.Equal(t, user.Customer, a.Role)
		require.Equal(t, old("old", "").CreatedAt, a.CreatedAt)
		require.Empty(t, b.told.Names(t), "nothing is told, so no mail is sent")
		require.NotContains(t, hash(), old("", "").Digest)

		_, err = b.LogIn(t.Context(), user.Login{Email: "ada@example.com", Password: "another password"})
		requireRefusal(t, err, user.BadCredentials)
		require.True(t, strings.HasPrefix(hash(), "$sha256$"))
		for range 4 { // at once, as of several tabs: each has the right password
			all.Go(func() {
				if _, err := b.LogIn(t.Context(), user.Login{Email: "ada@example.com", Password: good}); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		require.True(t, strings.HasPrefix(hash(), "$argon2id$"), "the first log-in hashes it anew")
		require.NotEmpty(t, b.logIn(t, "ada@example.com").Access)
		again, err := b.Import(t.Context(), old("old", "ada@example.com"))
		require.NoError(t, err)
		require.False(t, again)
		require.True(t, strings.HasPrefix(hash(), "$argon2id$"), "a repeat changes nothing")
	})
}

func TestAnAccountIsNotImported(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b testBundle) {
		b.account(t, "taken@example.com")
		_, err := b.Import(t.Context(), old("other", "Taken@example.com"))
		requireRefusal(t, err, user.AddressTaken)
		_, err = b.Import(t.Context(), old("old", "old@example.com"))
		require.NoError(t, err)
		require.NoError(t, b.EraseAccount(t.Context(), user.Decision{Account: "old", By: "root", Reason: "ticket 8"}))
		made, err := b.Import(t.Context(), old("old", "old@example.com"))
		requireRefusal(t, err, user.AccountErased)
		require.False(t, made)
		_, err = b.Account(t.Context(), "old")
		requireRefusal(t, err, fault.NotFound)
		for name, i := range map[string]user.Imported{
			"no id": old("", "a@example.com"), "no address": old("a", "nowhere"), "no hash": {ID: "a", Email: "a@example.com", Name: "A", Locale: "en"},
		} {
			_, err := b.Import(t.Context(), i)
			require.Equal(t, fault.Invalid, fault.CodeOf(err), name)
		}
	})
}
