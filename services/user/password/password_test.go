package password_test

import (
	"context"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"
	"github.com/stretchr/testify/require"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/services/user/password"
)

var quick = argon2id.Params{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32}

func TestCheck(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		password string
		ok       bool
	}{
		"Short":                 {"1b3d5f7", false},
		"ShortInCharacters":     {"äöüßäöü", false},
		"EightCharacters":       {"äöüßäöüß", true},
		"Common":                {"password1", false},
		"CommonInAnyCase":       {"PaSsWoRd1", false},
		"CommonInWideLetters":   {"ｐａｓｓｗｏｒｄ", false},
		"OneKind":               {"correcthorsebattery", true},
		"Spaces":                {"my own pass word", true},
		"TheLongest":            {strings.Repeat("ab", 64), true},
		"TooLong":               {strings.Repeat("ab", 64) + "c", false},
		"ALigatureThatIsLonger": {strings.Repeat("ﷺ", 60), false},
		"NotUTF8":               {"abcdefgh\xff", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := password.Check(c.password)
			if c.ok {
				require.NoError(t, err)
				return
			}
			require.Equal(t, password.Weak, fault.CodeOf(err))
			require.Equal(t, fault.Business, fault.KindOf(err))
			require.NotContains(t, err.Error(), c.password)
		})
	}
}

func TestCompare(t *testing.T) {
	t.Parallel()
	h, err := password.New(quick)
	require.NoError(t, err)
	hash, err := h.Hash(t.Context(), "Zoë and a long password")
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(hash, "$argon2id$v=19$m=64,t=1,p=1$"), hash)
	compare := func(hash, given string) (same, old bool) {
		same, old, err := h.Compare(t.Context(), hash, given)
		require.NoError(t, err)
		return same, old
	}
	same, old := compare(hash, "Zoë and a long password")
	require.True(t, same, "the same characters, composed otherwise")
	require.False(t, old)
	for _, wrong := range []string{"", "zoë and a long password", strings.Repeat("x", 1_000_000)} {
		same, _ = compare(hash, wrong)
		require.False(t, same)
	}
	for _, given := range []string{"", "the password of no account"} {
		same, _ = compare("", given)
		require.False(t, same, "no hash is that of no password")
	}
	again, err := h.Hash(t.Context(), "Zoë and a long password")
	require.NoError(t, err)
	require.NotEqual(t, hash, again)

	grown := quick
	grown.Memory = 128
	h, err = password.New(grown)
	require.NoError(t, err)
	same, old = compare(hash, "Zoë and a long password")
	require.True(t, same && old)
	_, _, err = h.Compare(t.Context(), "$argon2id$damaged", "x")
	require.Equal(t, fault.Bug, fault.KindOf(err))
}

// TestTheDefaultIsThatOfOWASP keeps the price of a guess.
func TestTheDefaultIsThatOfOWASP(t *testing.T) {
	t.Parallel()
	require.Equal(t, argon2id.Params{Memory: 19456, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}, password.DefaultPolicy())
}

// TestManyAtOnce hashes 200 passwords at the same time, with the default policy: those
// behind the queue are told to come back, and memory stays that of a few.
func TestManyAtOnce(t *testing.T) { //nolint:paralleltest // it measures the memory of the process
	policy := password.DefaultPolicy()
	policy.Iterations = 1
	h, err := password.New(policy)
	require.NoError(t, err)
	const callers = 200
	errs := make([]error, callers)
	begin := make(chan struct{})
	var all sync.WaitGroup
	for i := range callers {
		all.Go(func() {
			<-begin
			_, errs[i] = h.Rehash(t.Context(), "a password of no meaning")
		})
	}
	ended, most := make(chan struct{}), make(chan uint64, 1)
	go func() {
		var m runtime.MemStats
		var highest uint64
		tick := time.NewTicker(2 * time.Millisecond)
		defer tick.Stop()
		for {
			runtime.ReadMemStats(&m)
			highest = max(highest, m.HeapAlloc)
			select {
			case <-ended:
				most <- highest
				return
			case <-tick.C:
			}
		}
	}()
	close(begin)
	all.Wait()
	close(ended)

	overloaded := 0
	for _, err := range errs {
		if err != nil {
			require.Equal(t, password.Overloaded, fault.CodeOf(err))
			require.Equal(t, fault.Transient, fault.KindOf(err))
			overloaded++
		}
	}
	cores := runtime.GOMAXPROCS(0)
	require.LessOrEqual(t, overloaded, max(0, callers-64*cores), "as many as the queue takes are served")
	// Twice the live memory before the collector has run, and the rest of the process.
	require.Less(t, <-most, uint64(cores*19+2*19)*4<<20, "200 at once would take 3.8 GB")
}

func TestWhoWaitsMayLeave(t *testing.T) {
	t.Parallel()
	h, err := password.New(quick)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 1000 { // a slot may be free
		if _, err = h.Rehash(ctx, "a password"); err != nil {
			break
		}
	}
	require.ErrorIs(t, err, context.Canceled)
	_, err = h.Rehash(t.Context(), "a password")
	require.NoError(t, err, "it has left the queue")
}
