package sagatest_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/saga/sagatest"
)

// expressExplorer explores a ticket whose steps are express.
func expressExplorer(broken string, faults int) sagatest.Explorer {
	e := explorer(broken, faults)
	e.New = func() (sagatest.Subject, error) {
		return &judged{&ticket{broken: broken, express: []string{seat.Name, bag.Name, pay.Name}}}, nil
	}
	return e
}

func TestASoundExpressSagaKeepsItsPromisesUnderEverySchedule(t *testing.T) {
	t.Parallel()

	e := expressExplorer("", 2)
	r, err := e.Run(t.Context())
	require.NoError(t, err)
	if r.Failure != nil {
		require.NoError(t, r.Failure)
	}
	require.NoError(t, r.Valid())
	require.Contains(t, r.String(), "crash-late")
}

func TestABrokenExpressSagaIsCaught(t *testing.T) {
	t.Parallel()

	for broken, faults := range map[string]int{"no undo": 1, "no barrier": 1, "no fence": 2} {
		t.Run(broken, func(t *testing.T) {
			t.Parallel()
			r, err := expressExplorer(broken, 2).Run(t.Context())
			require.NoError(t, err)
			require.NotNil(t, r.Failure)
			require.Len(t, r.Failure.Schedule, faults)
		})
	}
}

// Only the key that the undo has blocked stops a try that outlives its cancel, or one of
// a worker that has lost its workflow task.
func TestATryThatIsGivenUpIsStoppedByItsBlockedKey(t *testing.T) {
	t.Parallel()

	for _, line := range []string{
		"bag#1=slow seat#1=refuse",
		"bag#1=refuse seat#1=slow",
		"pay#1=crash-late seat#2=cancel",
		"seat#1=cancel bag#1=slow",
	} {
		for broken, holds := range map[string]bool{"": true, "no fence": false} {
			f, err := expressExplorer(broken, 2).Replay(t.Context(), line)
			require.NoError(t, err)
			require.Equal(t, holds, f == nil, "%s: %s", line, broken)
		}
	}
}
