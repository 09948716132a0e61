package fault_test

import (
	"context"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/fault"
)

func TestErrorfKeepsEveryCause(t *testing.T) {
	t.Parallel()
	err := fault.Errorf(fault.Unknown, fault.Timeout, "call: %w, then %w", context.DeadlineExceeded, io.EOF)
	require.Equal(t, "call: context deadline exceeded, then EOF", err.Message)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.ErrorIs(t, err, io.EOF)
	require.NotErrorIs(t, err, io.ErrUnexpectedEOF)
	require.NoError(t, fault.Errorf(fault.Bug, fault.Invalid, "nothing wrong outside").Unwrap())
}
