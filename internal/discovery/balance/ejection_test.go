package balance

import (
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
)

// fleet returns n instances that are up.
func fleet(n int) (*instances, []*instance) {
	s := &instances{known: map[string]*instance{}}
	var all []*instance
	for k := range n {
		i := s.get(strconv.Itoa(k))
		s.connected(i, true)
		all = append(all, i)
	}
	return s, all
}

// fail records n failures and returns the last one's ejection.
func fail(s *instances, i *instance, at time.Time, n int) (d time.Duration) {
	for range n {
		d = s.failed(i, at)
	}
	return d
}

func TestEjection(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

	t.Run("FollowsFiveFailuresInARow", func(t *testing.T) {
		t.Parallel()
		s, all := fleet(3)
		require.Zero(t, fail(s, all[0], start, 4))
		s.succeeded(all[0], start)
		require.Zero(t, fail(s, all[0], start, 4))
		require.False(t, all[0].ejected(start))
		require.Equal(t, 10*time.Second, fail(s, all[0], start, 1))
		require.True(t, all[0].ejected(start.Add(10*time.Second-1)))
		require.False(t, all[0].ejected(start.Add(10*time.Second)))
	})

	t.Run("IgnoresTheEndOfCallsFromBefore", func(t *testing.T) {
		t.Parallel()
		s, all := fleet(3)
		fail(s, all[0], start, 5)
		require.Zero(t, fail(s, all[0], start.Add(time.Second), 20))
		s.succeeded(all[0], start.Add(time.Second))
		require.True(t, all[0].ejected(start.Add(9*time.Second)))
		require.False(t, all[0].ejected(start.Add(11*time.Second)))
	})

	t.Run("GrowsWithTheFirstFailureAfterTheReturn", func(t *testing.T) {
		t.Parallel()
		s, all := fleet(3)
		fail(s, all[0], start, 4)
		at := start
		for _, want := range []string{"10s", "20s", "40s", "1m20s", "2m40s", "5m0s", "5m0s"} {
			away := s.failed(all[0], at)
			require.Equal(t, want, away.String())
			at = at.Add(away + time.Second)
		}
	})

	t.Run("StartsAnewAfterATimeWithoutFailures", func(t *testing.T) {
		t.Parallel()
		s, all := fleet(3)
		fail(s, all[0], start, 5)
		at := start.Add(11 * time.Second)
		s.succeeded(all[0], at)
		require.Equal(t, 20*time.Second, fail(s, all[0], at, 5), "soon after the return")
		at = at.Add(20 * time.Second)
		s.succeeded(all[0], at.Add(21*time.Second))
		require.Equal(t, 10*time.Second, fail(s, all[0], at.Add(22*time.Second), 5))
	})

	t.Run("TakesNeverMoreThanHalf", func(t *testing.T) {
		t.Parallel()
		for n, want := range []int{0, 0, 1, 1, 2, 2} {
			s, all := fleet(n)
			ejected := 0
			for _, i := range all {
				if fail(s, i, start, 9) > 0 || i.ejected(start) {
					ejected++
				}
			}
			require.Equal(t, want, ejected, "of %d", n)
		}
	})

	t.Run("CountsOnlyThoseThatAreUp", func(t *testing.T) {
		t.Parallel()
		s, all := fleet(3)
		s.connected(all[1], false)
		s.connected(all[2], false)
		require.Zero(t, fail(s, all[0], start, 9))
		s.connected(all[1], true)
		require.Equal(t, 10*time.Second, fail(s, all[0], start, 1))
	})

	t.Run("ForgetsAnInstanceThatIsGone", func(t *testing.T) {
		t.Parallel()
		s, all := fleet(3)
		fail(s, all[0], start, 5)
		s.retain(map[string]bool{"1": true, "2": true})
		require.False(t, s.get("0").ejected(start))
		require.Same(t, all[1], s.get("1"))
	})
}

func TestARefusalIsNoFailure(t *testing.T) {
	t.Parallel()
	refusals := map[codes.Code]bool{
		codes.OK: true, codes.Canceled: true, codes.InvalidArgument: true, codes.NotFound: true, codes.AlreadyExists: true,
		codes.PermissionDenied: true, codes.FailedPrecondition: true, codes.Aborted: true, codes.OutOfRange: true,
	}
	for c := codes.OK; c <= codes.Unauthenticated+1; c++ {
		require.Equal(t, !refusals[c], Failed(c), c.String())
	}
}
