package rig

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/worker/registry"
)

func TestEveryLayoutRunsEveryServiceOnce(t *testing.T) {
	t.Parallel()
	for _, l := range Layouts() {
		groups := l.groups()
		require.Len(t, l.Workers(), len(groups), "%s: a process for each group", l)
		all := slices.Sorted(slices.Values(slices.Concat(groups...)))
		require.Equal(t, slices.Sorted(slices.Values(registry.Acting())), all, l)
	}
	require.Equal(t, []string{"worker-others", "worker-order"}, Apart.Workers())
	require.Len(t, Split.Workers(), len(registry.Acting()))
}
