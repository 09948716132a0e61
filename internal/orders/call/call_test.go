package call

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
)

// counted is an engine that answers, and counts how often it is asked.
type counted struct {
	client.Client

	asked int
}

// CheckHealth implements [client.Client].
func (c *counted) CheckHealth(context.Context, *client.CheckHealthRequest) (*client.CheckHealthResponse, error) {
	c.asked++
	return &client.CheckHealthResponse{}, nil
}

func TestOnlyARecentAnswerIsASignOfLife(t *testing.T) {
	t.Parallel()

	for name, tc := range map[string]struct {
		later time.Duration
		asked int
	}{
		"JustNow":                  {livelyFor - time.Nanosecond, 0},
		"LongAgo":                  {livelyFor, 1},
		"BeforeTheClockWasSetBack": {-15 * time.Minute, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			now, engine := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), &counted{}
			e := New(engine, func() time.Time { return now })
			require.NoError(t, e.Reachable(t.Context(), time.Second))
			require.Equal(t, 1, engine.asked, "at first")
			now = now.Add(tc.later)
			require.NoError(t, e.Reachable(t.Context(), time.Second))
			require.Equal(t, 1+tc.asked, engine.asked)
		})
	}
}
