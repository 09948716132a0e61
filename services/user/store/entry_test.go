package store_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/services/user"
	"github.com/amends/amends/services/user/password"
	"github.com/amends/amends/services/user/store"
)

func TestRegister(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b testBundle) {
		register := func(email string) error {
			return b.Register(t.Context(), user.Registration{Email: email, Name: "Ada", Locale: "de"})
		}

		t.Run("MakesAnAccountWhenTheMailIsRead", func(t *testing.T) {
			require.NoError(t, register("Ada@example.com"))
			_, err := b.Find(t.Context(), "ada@example.com")
			requireRefusal(t, err, fault.NotFound)
			_, err = b.LogIn(t.Context(), user.Login{Email: "ada@example.com", Password: good})
			requireRefusal(t, err, user.BadCredentials)
			m := b.mail(t, "ada@example.com")
			require.Equal(t, []any{user.ConfirmRegistration, "Ada@example.com", "Ada", "de"}, []any{m.Template, m.To, m.Name, m.Locale})
			same, err := b.Mail(t.Context(), m.ID)
			require.NoError(t, err)
			require.Equal(t, m, same)

			c, err := b.Confirm(t.Context(), m.Token, good)
			require.NoError(t, err)
			require.Equal(t, user.Confirmation{Account: m.Account, Template: user.ConfirmRegistration}, c)
			a, err := b.Find(t.Context(), "ADA@example.com")
			require.NoError(t, err)
			require.Equal(t, []any{m.Account, "Ada@example.com", user.Customer, int64(1)}, []any{a.ID, a.Email, a.Role, a.Version})
			require.Equal(t, a.ID, b.logIn(t, "aDa@example.com").Account)
			_, err = b.Confirm(t.Context(), m.Token, good)
			requireRefusal(t, err, user.TokenSpent)
			_, err = b.Mail(t.Context(), m.ID)
			requireRefusal(t, err, fault.NotFound)
		})
		t.Run("AnswersTheSameForATakenAddressAndTellsItsOwner", func(t *testing.T) {
			require.NoError(t, register("ada@EXAMPLE.com"))
			m := b.mail(t, "ada@example.com")
			require.Equal(t, user.AlreadyRegistered, m.Template)
			require.Empty(t, m.Token)
		})
		t.Run("SendsOneMailAMinute", func(t *testing.T) {
			require.NoError(t, register("bob@example.com"))
			first := b.mail(t, "bob@example.com")
			require.NoError(t, register("bob@example.com"))
			require.Equal(t, first, b.mail(t, "bob@example.com"))
			b.clock.pass(user.MailPause)
			require.NoError(t, register("bob@example.com"))
			second := b.mail(t, "bob@example.com")
			require.NotEqual(t, first.ID, second.ID)

			_, err := b.Confirm(t.Context(), first.Token, good)
			require.NoError(t, err)
			_, err = b.Confirm(t.Context(), second.Token, good)
			requireRefusal(t, err, user.AddressTaken)
		})
		t.Run("LeavesThePasswordToTheReaderOfTheMail", func(t *testing.T) {
			thief := user.Registration{Email: "victim@example.com", Password: better, Name: "Thief", Locale: "en"}
			require.NoError(t, b.Register(t.Context(), thief))
			m := b.mail(t, thief.Email)
			for _, weak := range []string{"", "short", "password", "PassWord1", "12345678"} {
				_, err := b.Confirm(t.Context(), m.Token, weak)
				requireRefusal(t, err, password.Weak)
			}
			_, err := b.Confirm(t.Context(), m.Token, good)
			require.NoError(t, err, "a refused password leaves the token as it is")
			_, err = b.LogIn(t.Context(), user.Login{Email: thief.Email, Password: better})
			requireRefusal(t, err, user.BadCredentials)
			b.logIn(t, thief.Email)
		})
		t.Run("SparesAReaderWhomAnotherPersonAsksFor", func(t *testing.T) {
			b.account(t, "spared@example.com")
			sent := func(email string) int {
				all, err := b.Mails(t.Context(), 100)
				require.NoError(t, err)
				return len(slices.DeleteFunc(all, func(m user.Mail) bool { return m.To != email }))
			}
			for _, minutes := range []int{0, 1, 1, 1, 3, 1, 7, 1} { // mails at 0, 1, 3, 7 and 15
				b.clock.pass(time.Duration(minutes) * time.Minute)
				require.NoError(t, b.AskReset(t.Context(), "spared@example.com"))
			}
			require.Equal(t, 5, sent("spared@example.com"))
			b.clock.pass(user.MailPause)
			require.NoError(t, b.Reset(t.Context(), b.mail(t, "spared@example.com").Token, better))
			require.NoError(t, b.AskReset(t.Context(), "spared@example.com"))
			require.Equal(t, 1, sent("spared@example.com"), "one that uses its mails is not")
		})
		t.Run("SendsOneMailForManyRequestsAtOnce", func(t *testing.T) {
			b.account(t, "owner@example.com")
			for _, c := range []struct {
				email string
				ask   func(email string) error
			}{
				{"often@example.com", register},
				{"owner@example.com", func(email string) error { return b.AskReset(t.Context(), email) }},
			} {
				_, errs := atOnce(20, func(int) (struct{}, error) { return struct{}{}, c.ask(c.email) })
				require.NoError(t, errors.Join(errs...))
				all, err := b.Mails(t.Context(), 100)
				require.NoError(t, err)
				require.Len(t, slices.DeleteFunc(all, func(m user.Mail) bool { return m.To != c.email }), 1)
			}
		})
		t.Run("RefusesAnOldOrForgedLink", func(t *testing.T) {
			require.NoError(t, register("eve@example.com"))
			m := b.mail(t, "eve@example.com")
			for _, forged := range []string{"", "amv", "amv_" + m.ID + "_", "amv_" + m.ID + "_AAAA", m.Token + "A", m.ID} {
				_, err := b.Confirm(t.Context(), forged, good)
				requireRefusal(t, err, user.TokenSpent)
			}
			b.clock.pass(user.RegistrationAge)
			_, err := b.Confirm(t.Context(), m.Token, good)
			requireRefusal(t, err, user.TokenSpent)
		})
		t.Run("RefusesWrongValues", func(t *testing.T) {
			for _, email := range []string{"", "ada", "ada@", "@x", "Ada <ada@example.com>", "a b@example.com", "a@b\n.com"} {
				requireRefusal(t, register(email), fault.Invalid)
			}
			require.Equal(t, fault.Invalid, fault.CodeOf(b.Register(t.Context(), user.Registration{Email: "x@example.com", Name: "", Locale: "en"})))
			require.Equal(t, fault.Invalid, fault.CodeOf(b.Register(t.Context(), user.Registration{Email: "x@example.com", Name: "X", Locale: "en_"})))
		})
	})
}

func TestLogIn(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b testBundle) {
		a := b.account(t, "ada@example.com")
		wrong := func(email string) error {
			_, err := b.LogIn(t.Context(), user.Login{Email: email, Password: better})
			return err
		}
		t.Run("AnswersTheSameForUnknownAddresses", func(t *testing.T) {
			require.Equal(t, wrong("ada@example.com").Error(), wrong("never@example.com").Error())
			require.Equal(t, wrong("ada@example.com").Error(), wrong("no address").Error())
			b.logIn(t, "ada@example.com") // forgets the failures
		})
		t.Run("WaitsExponentiallyWithOrWithoutAnAccount", func(t *testing.T) {
			for _, email := range []string{"ada@example.com", "never2@example.com"} {
				for range user.FreeAttempts {
					requireRefusal(t, wrong(email), user.BadCredentials)
				}
				for _, wait := range []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second} {
					requireRefusal(t, wrong(email), user.TryLater)
					_, err := b.LogIn(t.Context(), user.Login{Email: email, Password: good})
					requireRefusal(t, err, user.TryLater)
					b.clock.pass(wait - time.Millisecond)
					requireRefusal(t, wrong(email), user.TryLater)
					b.clock.pass(time.Millisecond)
					requireRefusal(t, wrong(email), user.BadCredentials)
				}
			}
			b.clock.pass(16 * time.Second)
			require.Equal(t, a.ID, b.logIn(t, "ada@example.com").Account)
			requireRefusal(t, wrong("ada@example.com"), user.BadCredentials)
		})
		t.Run("AllowsNoMoreGuessesInParallel", func(t *testing.T) {
			b.account(t, "many@example.com")
			for _, email := range []string{"many@example.com", "none@example.com"} {
				_, errs := atOnce(30, func(int) (user.Tokens, error) {
					return b.LogIn(t.Context(), user.Login{Email: email, Password: better})
				})
				n := 0
				for _, err := range errs {
					if fault.CodeOf(err) == user.BadCredentials {
						n++
					} else {
						requireRefusal(t, err, user.TryLater)
					}
				}
				require.Equal(t, user.FreeAttempts, n, email)
			}
		})
		t.Run("RecordsSuccessAndFailure", func(t *testing.T) {
			b.clock.pass(user.MostWait)
			session := b.logIn(t, "ada@example.com").Session
			requireRefusal(t, wrong("ada@example.com"), user.BadCredentials)
			records, err := b.Records(t.Context(), a.ID, "", 2)
			require.NoError(t, err)
			require.Equal(t, []user.Event{user.LoginFailed, user.LoggedIn}, []user.Event{records[0].Event, records[1].Event})
			require.Equal(t, session, records[1].About)
			require.Equal(t, b.clock.now(), records[0].At)
			b.logIn(t, "ada@example.com")
		})
		t.Run("HashesAnewWhenThePolicyGrows", func(t *testing.T) {
			hash := func() (h string) {
				require.NoError(t, b.db.Raw("SELECT password FROM accounts WHERE id = ?", a.ID).Scan(&h).Error)
				return h
			}
			before := hash()
			b.logIn(t, "ada@example.com")
			require.Equal(t, before, hash())
			grown := quick
			grown.Iterations = 2
			s := b.with(t, store.Options{Policy: grown})
			_, err := s.LogIn(t.Context(), user.Login{Email: "ada@example.com", Password: good})
			require.NoError(t, err)
			require.Contains(t, hash(), "t=2")
			b.logIn(t, "ada@example.com")
		})
		t.Run("KeepsABoundedNumberOfSessions", func(t *testing.T) {
			first := b.logIn(t, "ada@example.com")
			for range user.MaxSessions {
				b.clock.pass(time.Second)
				b.logIn(t, "ada@example.com")
			}
			all, err := b.Sessions(t.Context(), a.ID)
			require.NoError(t, err)
			require.Len(t, all, user.MaxSessions)
			_, err = b.Refresh(t.Context(), first.Refresh)
			requireRefusal(t, err, user.SessionEnded)
		})
	})
}

func TestReset(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b testBundle) {
		b.account(t, "ada@example.com")
		session := b.logIn(t, "ada@example.com")
		for range user.FreeAttempts {
			_, err := b.LogIn(t.Context(), user.Login{Email: "ada@example.com", Password: better})
			requireRefusal(t, err, user.BadCredentials)
		}
		require.NoError(t, b.AskReset(t.Context(), "ada@example.com"))
		require.NoError(t, b.AskReset(t.Context(), "never@example.com"))
		all, err := b.Mails(t.Context(), 10)
		require.NoError(t, err)
		require.Len(t, all, 1, "an address without an account gets none")
		m := all[0]
		require.Equal(t, user.ResetPassword, m.Template)
		_, err = b.Confirm(t.Context(), m.Token, good)
		requireRefusal(t, err, user.TokenSpent)

		requireRefusal(t, b.Reset(t.Context(), m.Token, "password"), password.Weak)
		require.NoError(t, b.Reset(t.Context(), m.Token, better))
		requireRefusal(t, b.Reset(t.Context(), m.Token, good), user.TokenSpent)
		_, err = b.Refresh(t.Context(), session.Refresh)
		requireRefusal(t, err, user.SessionEnded)
		_, err = b.LogIn(t.Context(), user.Login{Email: "ada@example.com", Password: good})
		requireRefusal(t, err, user.BadCredentials)
		_, err = b.LogIn(t.Context(), user.Login{Email: "ada@example.com", Password: better})
		require.NoError(t, err, "a reset forgets failures")

		require.NoError(t, b.Register(t.Context(), user.Registration{Email: "bob@example.com", Name: "Bob", Locale: "en"}))
		requireRefusal(t, b.Reset(t.Context(), b.mail(t, "bob@example.com").Token, better), user.TokenSpent)
	})
}
