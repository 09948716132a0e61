package store_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/services/user"
	"github.com/amends/amends/services/user/store"
)

func TestRefresh(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b testBundle) {
		a := b.account(t, "ada@example.com")
		ended := func(refresh string) {
			t.Helper()
			_, err := b.Refresh(t.Context(), refresh)
			requireRefusal(t, err, user.SessionEnded)
		}
		t.Run("RotatesTheToken", func(t *testing.T) {
			first := b.logIn(t, "ada@example.com")
			second, err := b.Refresh(t.Context(), first.Refresh)
			require.NoError(t, err)
			require.NotEqual(t, first.Refresh, second.Refresh)
			require.NotEqual(t, first.Access, second.Access)
			require.Equal(t, []string{first.Session, a.ID}, []string{second.Session, second.Account})
			third, err := b.Refresh(t.Context(), second.Refresh)
			require.NoError(t, err)
			require.NotEqual(t, second.Refresh, third.Refresh)
		})
		t.Run("GivesFiftyTabsAtOnceTheSameSuccessor", func(t *testing.T) {
			first := b.logIn(t, "ada@example.com")
			all, errs := atOnce(50, func(int) (user.Tokens, error) { return b.Refresh(t.Context(), first.Refresh) })
			for i, err := range errs {
				require.NoError(t, err)
				require.Equal(t, all[0].Refresh, all[i].Refresh)
			}
			_, err := b.Refresh(t.Context(), all[0].Refresh)
			require.NoError(t, err, "and logs none out")
		})
		t.Run("EndsTheFamilyWhenAnOldTokenComesBack", func(t *testing.T) {
			for name, pass := range map[string]func(user.Tokens) user.Tokens{
				"BehindItsGrace": func(current user.Tokens) user.Tokens { b.clock.pass(user.Grace); return current },
				"BehindItsSuccessor": func(current user.Tokens) user.Tokens {
					next, err := b.Refresh(t.Context(), current.Refresh)
					require.NoError(t, err)
					return next
				},
			} {
				first := b.logIn(t, "ada@example.com")
				current, err := b.Refresh(t.Context(), first.Refresh)
				require.NoError(t, err)
				require.NoError(t, b.CheckSession(t.Context(), first.Session), name)
				current = pass(current)
				ended(first.Refresh)
				ended(current.Refresh)
				require.Error(t, b.CheckSession(t.Context(), first.Session), name)
				records, err := b.Records(t.Context(), a.ID, "", 1)
				require.NoError(t, err)
				require.Equal(t, []any{user.TokenReused, first.Session}, []any{records[0].Event, records[0].About})
			}
		})
		t.Run("LeavesTheFamilyAloneForATextThatIsNoTokenOfIt", func(t *testing.T) {
			first, other := b.logIn(t, "ada@example.com"), b.logIn(t, "ada@example.com")
			current, err := b.Refresh(t.Context(), first.Refresh)
			require.NoError(t, err)
			b.clock.pass(user.Grace)
			const part = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
			for _, forged := range []string{
				"", "amr_", "amr_" + first.Session + "_1." + part + "." + part, "amr_" + other.Session + first.Refresh[len("amr_")+len(first.Session):],
				first.Refresh + "A", "amr_" + first.Session + "_0" + first.Refresh[len("amr_")+len(first.Session)+1:],
			} {
				ended(forged)
			}
			_, err = b.Refresh(t.Context(), current.Refresh)
			require.NoError(t, err)
			_, err = b.Refresh(t.Context(), other.Refresh)
			require.NoError(t, err)
		})
		t.Run("SurvivesAChangeOfTheSecret", func(t *testing.T) {
			first := b.logIn(t, "ada@example.com")
			changed := b.with(t, store.Options{Secret: "another secret of tests that is long enough"})
			second, err := changed.Refresh(t.Context(), first.Refresh)
			require.NoError(t, err)
			_, err = changed.Refresh(t.Context(), first.Refresh)
			require.NoError(t, err, "in its grace it is derived by the secret that made it")
			_, err = b.Refresh(t.Context(), first.Refresh)
			requireRefusal(t, err, user.SessionEnded)
			_, err = changed.Refresh(t.Context(), second.Refresh)
			require.NoError(t, err, "and the session goes on")
		})
		t.Run("EndsWithAgeAndWithoutUse", func(t *testing.T) {
			idle, used := b.logIn(t, "ada@example.com"), b.logIn(t, "ada@example.com")
			for range 3 {
				b.clock.pass(user.SessionIdle - time.Hour)
				var err error
				used, err = b.Refresh(t.Context(), used.Refresh)
				require.NoError(t, err)
			}
			ended(idle.Refresh)
			b.clock.pass(3 * time.Hour)
			ended(used.Refresh)
		})
	})
}

// TestRefreshFamilies compares random uses of all tokens that a session ever had with a
// model of the rules.
func TestRefreshFamilies(t *testing.T) {
	t.Parallel()
	db := dbtest.Open(t, "sqlite:"+filepath.Join(t.TempDir(), "user.db"), database.Options{})
	require.NoError(t, store.Schema.Migrate(t.Context(), db))
	b := setup(t, db)
	b.account(t, "ada@example.com")
	rapid.Check(t, func(r *rapid.T) {
		family := []string{b.logIn(t, "ada@example.com").Refresh}
		var rotated time.Time
		open := true
		for range rapid.IntRange(1, 12).Draw(r, "uses") {
			b.clock.pass(time.Duration(rapid.IntRange(0, 12).Draw(r, "seconds")) * time.Second)
			i := len(family) - 1 - min(len(family)-1, rapid.IntRange(0, 3).Draw(r, "back"))
			got, err := b.Refresh(t.Context(), family[i])
			current := i == len(family)-1
			inGrace := i == len(family)-2 && b.clock.now().Before(rotated.Add(user.Grace))
			switch {
			case !open || !current && !inGrace:
				requireRefusal(t, err, user.SessionEnded)
				open = false
			case current:
				require.NoError(t, err)
				require.NotContains(t, family, got.Refresh)
				family, rotated = append(family, got.Refresh), b.clock.now()
			default:
				require.NoError(t, err)
				require.Equal(t, family[len(family)-1], got.Refresh)
			}
		}
	})
}
