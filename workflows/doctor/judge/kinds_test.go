package judge_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/workflows/doctor/judge"
)

// Every kind has a name of its own, by which docs/doctor.md explains it.
func TestKindsAreUniqueAndExplained(t *testing.T) {
	t.Parallel()

	page, err := os.ReadFile("../../../docs/doctor.md")
	require.NoError(t, err)
	for i, k := range judge.Kinds {
		require.NotContains(t, judge.Kinds[:i], k)
		require.Contains(t, string(page), "`"+string(k)+"`")
	}
}
