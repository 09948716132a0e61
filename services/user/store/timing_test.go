package store_test

import (
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/services/user"
	"github.com/amends/amends/services/user/password"
	"github.com/amends/amends/services/user/store"
)

var attempts = flag.Int("attempts", 0, "log-ins of each kind whose times are compared; 0: none")

// apart is the t from which two samples count as different, as for leaks of keys: of equal
// ones it is reached once in 100,000 times.
const apart = 4.5

// welch returns t of two samples, each without its slowest twentieth: those met another
// process, not another account.
func welch(a, b []float64) float64 {
	moments := func(s []float64) (mean, variance float64) {
		s = slices.Sorted(slices.Values(s))[:len(s)-len(s)/20]
		for _, v := range s {
			mean += v / float64(len(s))
		}
		for _, v := range s {
			variance += (v - mean) * (v - mean) / float64(len(s)-1)
		}
		return mean, variance / float64(len(s))
	}
	meanA, errorA := moments(a)
	meanB, errorB := moments(b)
	return (meanA - meanB) / math.Sqrt(errorA+errorB)
}

func TestWelchTellsSamplesApart(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2)) // the same samples each time
	sample := func(mean float64) (s []float64) {
		for range 500 {
			s = append(s, mean+5*r.NormFloat64())
		}
		return s
	}
	require.Less(t, math.Abs(welch(sample(40), sample(40))), apart)
	require.Greater(t, math.Abs(welch(sample(40), sample(42))), apart, "2 ms of 40 are found")
}

// TestNoTimeTellsWhetherAnAddressHasAnAccount compares failed log-ins, registrations and
// resets of addresses with and without an account, in random order. `make prove` runs it.
func TestNoTimeTellsWhetherAnAddressHasAnAccount(t *testing.T) { //nolint:paralleltest // it measures
	if *attempts == 0 {
		return // not skipped: nothing is missing
	}
	ctx := t.Context()
	db := dbtest.Open(t, "sqlite:"+filepath.Join(t.TempDir(), "user.db"), database.Options{})
	require.NoError(t, store.Schema.Migrate(ctx, db))
	b := setup(t, db)
	for i := range *attempts {
		b.account(t, fmt.Sprintf("known-%d@example.com", i))
	}
	b.Store = b.with(t, store.Options{Policy: password.DefaultPolicy()})
	b.account(t, "model@example.com")
	require.NoError(t, db.Exec("UPDATE accounts SET password = (SELECT password FROM accounts WHERE login = 'model@example.com')").Error)

	for name, call := range map[string]func(email string){
		"log-in": func(email string) {
			_, err := b.LogIn(ctx, user.Login{Email: email, Password: better})
			require.Equal(t, user.BadCredentials, fault.CodeOf(err))
		},
		"registration": func(email string) {
			require.NoError(t, b.Register(ctx, user.Registration{Email: email, Name: "A. Buyer", Locale: "en"}))
		},
		"reset": func(email string) { require.NoError(t, b.AskReset(ctx, email)) },
	} {
		var emails []string
		for i := range *attempts {
			emails = append(emails, fmt.Sprintf("known-%d@example.com", i), fmt.Sprintf("never-%d@example.com", i))
		}
		rand.Shuffle(len(emails), func(i, j int) { emails[i], emails[j] = emails[j], emails[i] })
		times := map[string][]float64{}
		for _, email := range emails {
			began := time.Now()
			call(email)
			kind := email[:len("known")]
			times[kind] = append(times[kind], float64(time.Since(began).Microseconds())/1000)
		}
		score := welch(times["known"], times["never"])
		t.Logf("%s: t = %.2f of %d with an account and %d without", name, score, len(times["known"]), len(times["never"]))
		require.Less(t, math.Abs(score), apart, name)
	}
}
