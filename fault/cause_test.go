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

func TestWrapHidesTheTextOfItsCause(t *testing.T) {
	t.Parallel()
	err := fault.Wrap(io.EOF, fault.Transient, fault.Unavailable, "100% gone")
	require.Equal(t, "UNAVAILABLE: 100% gone", err.Error())
	require.ErrorIs(t, err, io.EOF)
	require.NoError(t, fault.Wrap(nil, fault.Bug, fault.Invalid, "no cause").Unwrap())
}
