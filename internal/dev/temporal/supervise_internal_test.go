package temporal

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestHealth(t *testing.T) {
	t.Parallel()
	start := time.Now()
	at := func(s int) time.Time { return start.Add(time.Duration(s) * time.Second) }
	broken := errors.New("interrupted (9)")
	type probe struct {
		asked, answered int // seconds
		err             error
		restarts        bool
	}
	for name, probes := range map[string][]probe{
		"ToleratesShortFailures":            {{0, 0, broken, false}, {9, 9, broken, false}, {10, 10, nil, false}, {11, 11, broken, false}, {20, 20, broken, false}},
		"EndsAfterTenSecondsOfFailures":     {{0, 0, broken, false}, {5, 5, broken, false}, {10, 10, broken, true}},
		"EndsWithOneProbeThatHangs":         {{3, 13, broken, true}},
		"RestartsAtMostOnceAMinute":         {{0, 10, broken, true}, {11, 21, broken, false}, {30, 69, broken, false}, {70, 70, broken, true}},
		"CountsAnewAfterARestart":           {{0, 10, broken, true}, {75, 75, broken, false}, {85, 85, broken, true}},
		"IsRestoredByOneAnswer":             {{0, 9, broken, false}, {9, 9, nil, false}, {10, 19, broken, false}},
		"StaysFineWhileProbesAreAnsweredAt": {{0, 9, nil, false}, {9, 18, nil, false}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := health{patience: defaultPatience}
			for _, p := range probes {
				require.Equal(t, p.restarts, h.exhausted(at(p.asked), at(p.answered), p.err), "%+v", p)
			}
		})
	}
}
