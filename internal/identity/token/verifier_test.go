package token

import (
	"context"
	"errors"
	"log/slog"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/fault"
)

// service is a user service with one account.
type service struct {
	mu       sync.Mutex
	away     bool
	asked    map[string]int
	keys     Keys
	ended    []Ended
	sessions map[string]bool // that have ended, as CheckSession says
	perPage  int
	apiKeys  map[string]Identity
}

var errAway = errors.New("away")

func (s *service) ask(what string) error {
	s.asked[what]++
	if s.away {
		return errAway
	}
	return nil
}

func (s *service) do(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

func (s *service) count(what string) (n int) {
	s.do(func() { n = s.asked[what] })
	return n
}

// SigningKeys implements [Source].
func (s *service) SigningKeys(context.Context) (Keys, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.keys, s.ask("keys")
}

// Revocations implements [Source].
func (s *service) Revocations(_ context.Context, after int64) (Revocations, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := min(int64(len(s.ended)), after+int64(s.perPage))
	return Revocations{Position: n, Ended: s.ended[after:n], More: n < int64(len(s.ended))}, s.ask("list")
}

// CheckSession implements [Source].
func (s *service) CheckSession(_ context.Context, id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sessions[id] {
		return fault.Errorf(fault.Business, Unauthenticated, "ended")
	}
	return s.ask("session")
}

// CheckKey implements [Source].
func (s *service) CheckKey(_ context.Context, key string) (Identity, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.ask("key"); err != nil {
		return Identity{}, err
	}
	i, ok := s.apiKeys[key]
	if !ok {
		return i, fault.Errorf(fault.Business, Unauthenticated, "unknown")
	}
	return i, nil
}

// testBundle is a verifier with a clock, and the service that it asks.
type testBundle struct {
	*Verifier

	service *service
	private PrivateKey
	mu      sync.Mutex
	time    time.Time
}

func setup(t *testing.T) *testBundle {
	t.Helper()
	private, public := newKey(t, "k1")
	b := &testBundle{private: private, time: at, service: &service{
		keys: Keys{public}, asked: map[string]int{}, sessions: map[string]bool{}, perPage: 2, apiKeys: map[string]Identity{},
	}}
	b.Verifier = NewVerifier(Config{Source: b.service, Now: b.clock, Logger: slog.New(slog.DiscardHandler)})
	return b
}

func (b *testBundle) clock() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.time
}

func (b *testBundle) pass(d time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.time = b.time.Add(d)
}

func (b *testBundle) sign(t *testing.T, session string) string {
	t.Helper()
	signed, err := Sign(b.private, Identity{Account: "a", Session: session}, b.clock())
	require.NoError(t, err)
	return signed
}

func requireUnavailable(t *testing.T, err error) {
	t.Helper()
	require.Equal(t, fault.Unavailable, fault.CodeOf(err), "%v", err)
	require.Equal(t, fault.Transient, fault.KindOf(err))
}

func TestVerify(t *testing.T) {
	t.Parallel()
	t.Run("AsksNothingWhileTheListIsFresh", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		require.NoError(t, b.follow(t.Context()))
		for range 3 {
			i, err := b.Verify(t.Context(), b.sign(t, "s"))
			require.NoError(t, err)
			require.Equal(t, "a", i.Account)
		}
		require.Zero(t, b.service.count("session"))
		require.Equal(t, 1, b.service.count("keys"))
	})
	t.Run("RefusesASessionOfTheListOnEveryPage", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		for n := range 5 {
			b.service.ended = append(b.service.ended, Ended{ID: strconv.Itoa(n), Until: at.Add(Lifetime)})
		}
		require.NoError(t, b.follow(t.Context()))
		for n := range 5 {
			_, err := b.Verify(t.Context(), b.sign(t, strconv.Itoa(n)))
			requireRefused(t, err)
		}
		_, err := b.Verify(t.Context(), b.sign(t, "5"))
		require.NoError(t, err)
		b.pass(Lifetime + Leeway + time.Second)
		require.NoError(t, b.follow(t.Context()))
		require.Empty(t, b.list.ended, "no token of them is valid any more")
	})
	t.Run("AsksTheServiceOnceTheListIsStale", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.service.sessions["gone"] = true
		_, err := b.Verify(t.Context(), b.sign(t, "gone"))
		requireRefused(t, err) // there is no list yet
		require.NoError(t, b.follow(t.Context()))
		b.pass(Stale)
		_, err = b.Verify(t.Context(), b.sign(t, "gone"))
		require.NoError(t, err, "the list says nothing of it, and counts")
		b.pass(time.Nanosecond)
		_, err = b.Verify(t.Context(), b.sign(t, "gone"))
		requireRefused(t, err)
		_, err = b.Verify(t.Context(), b.sign(t, "s"))
		require.NoError(t, err)
		b.service.do(func() { b.service.away = true })
		_, err = b.Verify(t.Context(), b.sign(t, "s"))
		requireUnavailable(t, err)
		age, known := b.Age()
		require.True(t, known)
		require.Equal(t, Stale+time.Nanosecond, age)
	})
	t.Run("IsNotFreshBeforeTheLastPage", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.list.take(Revocations{Position: 2, More: true}, at)
		_, fresh := b.list.look("s", at)
		require.False(t, fresh)
	})
	t.Run("FindsANewKeyAndAsksForUnknownOnesOnceASecond", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		require.NoError(t, b.follow(t.Context()))
		private, public := newKey(t, "k2")
		b.private = private
		for range 10 {
			_, err := b.Verify(t.Context(), b.sign(t, "s"))
			requireRefused(t, err)
		}
		require.Equal(t, 1, b.service.count("keys"))
		b.service.do(func() { b.service.keys = append(b.service.keys, public) })
		b.pass(keysLeast)
		_, err := b.Verify(t.Context(), b.sign(t, "s"))
		require.NoError(t, err)
		require.Equal(t, 2, b.service.count("keys"))
	})
	t.Run("IsUnavailableWithoutKeys", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.service.away = true
		for range 3 {
			_, err := b.Verify(t.Context(), b.sign(t, "s"))
			requireUnavailable(t, err)
		}
		require.Equal(t, 1, b.service.count("keys"), "those who wait share the answer")
	})
}

func TestVerifyKey(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.service.apiKeys["amk_k_x"] = Identity{Account: "a", Key: "k", Scopes: []string{"account"}, Expires: at.Add(15 * time.Second)}
	require.NoError(t, b.follow(t.Context()))
	good := func() {
		t.Helper()
		i, err := b.Verify(t.Context(), "amk_k_x")
		require.NoError(t, err)
		require.Equal(t, []string{"account"}, i.Scopes)
	}
	good()
	good()
	require.Equal(t, 1, b.service.count("key"), "the answer holds")
	b.pass(KeyLife)
	good()
	require.Equal(t, 2, b.service.count("key"))
	for range 2 {
		_, err := b.Verify(t.Context(), "amk_k_y")
		requireRefused(t, err)
	}
	b.service.do(func() {
		b.service.ended = []Ended{{ID: "k", Until: at.Add(time.Hour)}}
	})
	require.NoError(t, b.follow(t.Context()))
	good()
	require.Equal(t, 5, b.service.count("key"), "a key of the list is asked about: it may hold again")
	b.service.do(func() { delete(b.service.apiKeys, "amk_k_x") })
	_, err := b.Verify(t.Context(), "amk_k_x")
	requireRefused(t, err)
	b.service.do(func() { b.service.away = true })
	_, err = b.Verify(t.Context(), "amk_k_x")
	requireUnavailable(t, err)
}

func TestKeptAnswersAreBounded(t *testing.T) {
	t.Parallel()
	keys := apiKeys{of: map[[32]byte]answer{}}
	for n := range maxAnswers + 10 {
		keys.put([32]byte{byte(n), byte(n >> 8)}, Identity{Key: "k"}, at)
	}
	require.Len(t, keys.of, maxAnswers)
	keys.put([32]byte{31: 1}, Identity{}, at.Add(KeyLife))
	require.Len(t, keys.of, 1, "those that hold no more make room")
}

// A gateway starts at the same time as the user service, and often before it.
func TestVerifiesSoonAfterTheServiceHasStarted(t *testing.T) {
	t.Parallel()
	for _, away := range []time.Duration{0, 5 * time.Millisecond, 400 * time.Millisecond, 3 * time.Second, time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			b := setup(t)
			b.time = time.Now()
			b.service.away = true
			b.Verifier = NewVerifier(Config{Source: b.service, Logger: slog.New(slog.DiscardHandler)})
			run, stop := context.WithCancel(t.Context())
			done := make(chan error, 1)
			go func() { done <- b.Run(run) }()
			for began := time.Now(); time.Since(began) < away; time.Sleep(5 * time.Millisecond) { //nolint:forbidigo // of a bubble
				_, err := b.Verify(t.Context(), b.sign(t, "s"))
				requireUnavailable(t, err)
				if time.Since(began) <= patience {
					requireUnavailable(t, b.Ready())
				} else {
					require.NoError(t, b.Ready(), "others than accounts are served")
				}
			}

			b.service.do(func() { b.service.away = false })
			time.Sleep(min(away, Every) + 10*time.Millisecond) //nolint:forbidigo // of a bubble
			require.NoError(t, b.Ready())
			questions := b.service.count("session")
			_, err := b.Verify(t.Context(), b.sign(t, "s"))
			require.NoError(t, err, "after %s", away)
			require.Equal(t, questions, b.service.count("session"), "the list is there")
			stop()
			require.NoError(t, <-done)
		})
	}
}

func TestWatchEndsWithItsSession(t *testing.T) {
	t.Parallel()
	b := setup(t)
	run, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- b.Run(run) }()
	mine, stopMine := b.Watch(t.Context(), Identity{Session: "s"})
	defer stopMine()
	other, stopOther := b.Watch(t.Context(), Identity{Session: "other", Expires: time.Now().Add(time.Hour)})
	b.service.do(func() { b.service.ended = append(b.service.ended, Ended{ID: "s", Until: at.Add(Lifetime)}) })
	select {
	case <-mine.Done():
	case <-time.After(time.Minute):
		require.Fail(t, "the stream goes on")
	}
	require.ErrorIs(t, context.Cause(mine), ErrEnded)
	require.NoError(t, other.Err())
	stopOther()
	require.Error(t, other.Err())
	b.list.mu.Lock()
	require.Empty(t, b.list.watched)
	b.list.mu.Unlock()
	late, stopLate := b.Watch(t.Context(), Identity{Session: "s"})
	defer stopLate()
	require.ErrorIs(t, context.Cause(late), ErrEnded)
	expired, stopExpired := b.Watch(t.Context(), Identity{Session: "x", Expires: time.Now().Add(-time.Second)})
	defer stopExpired()
	<-expired.Done()
	require.ErrorIs(t, context.Cause(expired), ErrEnded)
	stop()
	require.NoError(t, <-done)
}
