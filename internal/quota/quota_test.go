package quota_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/quota"
)

func TestParse(t *testing.T) {
	t.Parallel()
	got, err := quota.Parse(" burst=10/1s,sustained = 300 / 1m ")
	require.NoError(t, err)
	require.Equal(t, []quota.Quota{{"burst", 10, time.Second}, {"sustained", 300, time.Minute}}, got)
	got, err = quota.Parse(" ")
	require.NoError(t, err)
	require.Empty(t, got)

	for text, want := range map[string]string{
		"10/1s":           `"10/1s" has no name`,
		"Burst=10/1s":     "has no name",
		"burst=0/1s":      "has no count from 1 to 1000000",
		"burst=1e3/1s":    "has no count",
		"burst=10":        "has no window of whole seconds from 1s to 24h0m0s",
		"burst=10/1500ms": "has no window",
		"burst=10/25h":    "has no window",
		"a=1/1s,":         "has no name",
		"a=1/1s,a=2/2s":   `"a" is given twice`,
		"a=1/1m,b=2/1s":   `the window of "b" is not longer than the one before`,
	} {
		_, err := quota.Parse(text)
		require.ErrorContains(t, err, want, text)
	}
}
