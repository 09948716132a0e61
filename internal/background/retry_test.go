package background_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/background"
)

func TestRetry(t *testing.T) {
	t.Parallel()
	fast := background.Retry{First: time.Millisecond, Most: 2 * time.Millisecond}

	t.Run("ReportsAReasonOnceUntilItChanges", func(t *testing.T) {
		t.Parallel()
		answers := []string{"no database", "no database", "no table", "no database", ""}
		var reported []string
		r := fast
		r.Report = func(err error) { reported = append(reported, err.Error()) }
		require.NoError(t, r.Do(t.Context(), func(context.Context) error {
			answer := answers[0]
			answers = answers[1:]
			if answer == "" {
				return nil
			}
			return errors.New(answer)
		}))
		require.Empty(t, answers)
		require.Equal(t, []string{"no database", "no table", "no database"}, reported)
	})

	t.Run("EndsWithAFinalErrorThatIsNotReported", func(t *testing.T) {
		t.Parallel()
		final := errors.New("wrong password")
		attempts := 0
		r := fast
		r.Final = func(err error) bool { return errors.Is(err, final) }
		r.Report = func(err error) { require.NotErrorIs(t, err, final) }
		require.Equal(t, final, r.Do(t.Context(), func(context.Context) error {
			if attempts++; attempts < 3 {
				return errors.New("no answer")
			}
			return final
		}))
		require.Equal(t, 3, attempts)
	})

	t.Run("SaysWhatIsMissingWhenTheContextEnds", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		missing := errors.New("no database")
		r := background.Retry{First: time.Hour, Report: func(error) { cancel() }} // during the pause
		require.Equal(t, missing, r.Do(ctx, func(context.Context) error { return missing }))
	})

	t.Run("AttemptsOnceAlthoughTheContextHasEnded", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		attempts := 0
		require.NoError(t, background.Retry{}.Do(ctx, func(context.Context) error { attempts++; return nil }))
		require.Equal(t, 1, attempts)
	})

	t.Run("DoublesThePauseUpToTheLongest", func(t *testing.T) {
		t.Parallel()
		began, attempts := time.Now(), 0
		r := background.Retry{First: 2 * time.Millisecond, Most: 4 * time.Millisecond}
		require.NoError(t, r.Do(t.Context(), func(context.Context) error {
			if attempts++; attempts < 5 {
				return errors.New("no answer")
			}
			return nil
		}))
		require.GreaterOrEqual(t, time.Since(began), 14*time.Millisecond) // 2 + 4 + 4 + 4
	})
}
