package loadreport_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/show/loadreport"
	"github.com/amends/amends/proof/load"
)

func TestAnInterruptedLoadSaysWhatItDidNotCheck(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	require.NoError(t, loadreport.Write(&b, load.Report{Placed: 30, Acknowledged: 28, Decided: 20, Unchecked: 30}))
	require.Contains(t, b.String(), "20, as customers were told")
	require.Contains(t, b.String(), "30 of 30 orders were not checked")
	b.Reset()
	require.NoError(t, loadreport.Write(&b, load.Report{Placed: 30, Acknowledged: 30, Decided: 30, DecidedPerSecond: 12}))
	require.Contains(t, b.String(), "30, 12.0/s")
	require.NotContains(t, b.String(), "not checked")
}
