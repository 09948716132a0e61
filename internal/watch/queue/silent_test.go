package queue

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAQueueIsSilentWhenNoWorkerAnswersOnIt(t *testing.T) {
	t.Parallel()

	now := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	for name, tc := range map[string]struct {
		polled time.Time
		waited time.Duration
		want   string
	}{
		"NeverPolled":               {time.Time{}, 0, `none polls queue "order"`},
		"NotPolledForLong":          {now.Add(-2 * time.Minute), 0, `none has polled queue "order" for 2m0s`},
		"IdleBetweenTwoPolls":       {now.Add(-80 * time.Second), 0, ""},
		"TasksWaitSinceTheLastPoll": {now.Add(-20 * time.Second), 15 * time.Second, `tasks have waited on queue "order" for 15s, and none has polled it since`},
		"BusyWithOtherTasks":        {now.Add(-time.Second), 15 * time.Second, ""},
		"ATaskHasJustCome":          {now.Add(-20 * time.Second), 2 * time.Second, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, tc.want, silent("order", tc.polled, now, tc.waited))
		})
	}
}
