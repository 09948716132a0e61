package gather_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/api/gather"
	"github.com/amends/amends/fault"
)

// rules are those of the parts of these tests, by the first letter of their names.
var rules = map[string]gather.Policy{
	"required": {Required: true},
	"optional": {Within: 300 * time.Millisecond},
	"late":     {Within: 300 * time.Millisecond},
	"behind":   {Within: 300 * time.Millisecond, After: "required"},
	"further":  {After: "late"},
}

var (
	refused = fault.Errorf(fault.Business, fault.NotFound, "there is none")
	away    = fault.Errorf(fault.Transient, fault.Unavailable, "the service is away")
)

// part answers after a time, or fails. It notes its answer in got.
func part(got map[string]bool, name string, after time.Duration, err error) gather.Part {
	return gather.Of(name, func(ctx context.Context) (string, error) {
		select {
		case <-time.After(after):
			return name, err
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}, func(v string) { got[v] = true })
}

func TestGather(t *testing.T) {
	t.Parallel()
	const ms = time.Millisecond

	t.Run("AsksForAllPartsAtTheSameTimeHoweverMany", func(t *testing.T) {
		t.Parallel()
		for _, n := range []int{3, 10} {
			synctest.Test(t, func(t *testing.T) {
				got, policies := map[string]bool{}, map[string]gather.Policy{}
				var parts []gather.Part
				for i := range n {
					name := fmt.Sprint(i)
					policies[name] = gather.Policy{Required: i == 0, Within: 300 * ms}
					parts = append(parts, part(got, name, 200*ms, nil))
				}
				began := time.Now()
				missing, err := gather.Gather(t.Context(), policies, parts...)
				require.NoError(t, err)
				require.Empty(t, missing)
				require.Len(t, got, n)
				require.Equal(t, 200*ms, time.Since(began))
			})
		}
	})

	t.Run("NamesOptionalPartsThatFailOrAreLate", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			got, began := map[string]bool{}, time.Now()
			missing, err := gather.Gather(t.Context(), rules,
				part(got, "required", 10*ms, nil), part(got, "optional", 0, refused), part(got, "late", time.Hour, nil), part(got, "further", 0, nil))
			require.NoError(t, err)
			require.Equal(t, []gather.Missing{{"further", fault.Unavailable}, {"late", fault.Unavailable}, {"optional", fault.NotFound}}, missing)
			require.Equal(t, map[string]bool{"required": true}, got)
			require.Equal(t, 300*ms, time.Since(began))
		})
	})

	t.Run("FailsWithARequiredPartAtOnce", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			got, began := map[string]bool{}, time.Now()
			_, err := gather.Gather(t.Context(), rules, part(got, "late", time.Hour, nil), part(got, "required", 10*ms, away), part(got, "behind", 0, nil))
			require.ErrorIs(t, err, away)
			require.Equal(t, 10*ms, time.Since(began), "the others are given up")
			require.Empty(t, got)
		})
	})

	t.Run("AsksForAPartAfterTheOneItNeeds", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			order := ""
			needs := func(name string) gather.Part {
				return gather.Of(name, func(context.Context) (string, error) { return name, nil }, func(v string) { order += v + " " })
			}
			_, err := gather.Gather(t.Context(), rules, needs("behind"), needs("required"))
			require.NoError(t, err)
			require.Equal(t, "required behind ", order)
		})
	})

	t.Run("DoesNotWaitForAPartThatOverlooksItsContext", func(t *testing.T) {
		t.Parallel()
		stuck := make(chan struct{})
		t.Cleanup(func() { close(stuck) })
		missing, err := gather.Gather(t.Context(), rules, gather.Of("optional", func(context.Context) (int, error) {
			<-stuck
			return 0, nil
		}, func(int) {}))
		require.NoError(t, err)
		require.Equal(t, []gather.Missing{{"optional", fault.Unavailable}}, missing)
	})

	t.Run("FailsWithAnErrorOfTheProgramInAnyPart", func(t *testing.T) {
		t.Parallel()
		_, err := gather.Gather(t.Context(), rules, gather.Of("optional", func(context.Context) (int, error) { panic("tok_visa is in here") }, func(int) {}))
		require.ErrorIs(t, err, gather.ErrBroken)
		require.Equal(t, fault.Bug, fault.KindOf(err), "no repeat helps")
		cause := errors.Unwrap(err)
		require.ErrorContains(t, cause, "panic of type string: the program is wrong")
		require.ErrorContains(t, cause, "gather_test.go", "the stack")
		require.NotContains(t, err.Error()+cause.Error(), "tok_visa")
		_, err = gather.Gather(t.Context(), nil, part(nil, "unknown", 0, nil))
		require.EqualError(t, err, "part unknown has no policy: the program is wrong")
	})

	t.Run("EndsWithItsRequest", func(t *testing.T) {
		t.Parallel()
		ctx, leave := context.WithCancelCause(t.Context())
		gone := errors.New("the client left")
		_, err := gather.Gather(ctx, rules, gather.Of("optional", func(ctx context.Context) (int, error) {
			leave(gone)
			<-ctx.Done()
			return 0, context.Cause(ctx)
		}, func(int) {}))
		require.ErrorIs(t, err, gone)
	})
}
