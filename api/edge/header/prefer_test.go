package header

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestPreferredWait(t *testing.T) {
	t.Parallel()
	for prefer, want := range map[string]int{
		"wait=1": 1, "wait=30": 30, "WAIT=5": 5, "wait = 5": 5, `wait="5"`: 5, "wait=05": 5,
		"respond-async, wait=7": 7, "wait=7; foo=bar": 7, `foo="a, wait=3", wait=4`: 4, `foo="\", wait=3", wait=4`: 4,
		"wait=2, wait=3": 2, "wait=99, wait=3": 0, "foo; wait=3": 0, "wait=": 0, "wait=31": 0, "wait=00000000000000000000001": 1,
		"wait=99999999999999999999": 0, "wait=+5": 0, `wait="5`: 0, "x-wait=5": 0, "": 0, ",": 0,
	} {
		got, ok := PreferredWait(prefer)
		require.Equal(t, time.Duration(want)*time.Second, got, prefer)
		require.Equal(t, want > 0, ok, prefer)
	}
}
