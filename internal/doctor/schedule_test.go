package doctor_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/doctor"
	doctorflow "github.com/amends/amends/workflows/doctor"
)

func TestAReportIsLateAfterTwoIntervals(t *testing.T) {
	t.Parallel()

	ended := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	for name, tc := range map[string]struct {
		past doctor.Past
		age  time.Duration
		want string // a part of it; empty: it is not late
	}{
		"JustNow":         {doctor.Past{Every: time.Minute}, 0, ""},
		"InItsTime":       {doctor.Past{Every: time.Minute}, 2 * time.Minute, ""},
		"PausedJustNow":   {doctor.Past{Every: time.Minute, Paused: true}, time.Minute, ""},
		"Missed":          {doctor.Past{Every: time.Minute}, 2*time.Minute + 1, "no run of the schedule has ended since"},
		"Paused":          {doctor.Past{Every: time.Minute, Paused: true, Running: true}, time.Hour, "paused"},
		"Running":         {doctor.Past{Every: time.Minute, Running: true}, time.Hour, "has begun and not ended"},
		"WithoutInterval": {doctor.Past{}, time.Second, "no interval"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tc.past.Report = doctorflow.Report{Started: ended.Add(-time.Second), Ended: ended}
			why := tc.past.Late(ended.Add(tc.age))
			if tc.want == "" {
				require.Empty(t, why)
				return
			}
			require.Contains(t, why, tc.want)
		})
	}
}
