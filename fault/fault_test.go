package fault_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/fault"
)

func TestOf(t *testing.T) {
	t.Parallel()
	own := fault.Errorf(fault.Business, "OUT_OF_STOCK", "none left")
	for name, tt := range map[string]struct {
		err  error
		kind fault.Kind
		code fault.Code
	}{
		"Itself":                   {own, fault.Business, "OUT_OF_STOCK"},
		"Wrapped":                  {fmt.Errorf("reserve: %w", own), fault.Business, "OUT_OF_STOCK"},
		"Joined":                   {errors.Join(io.EOF, own), fault.Business, "OUT_OF_STOCK"},
		"OuterFaultBeforeItsCause": {fault.Errorf(fault.Bug, fault.Conflict, "%w", own), fault.Bug, fault.Conflict},
		"FaultBeforeContext":       {fault.Errorf(fault.Transient, fault.Unavailable, "%w", context.Canceled), fault.Transient, fault.Unavailable},
		"Deadline":                 {fmt.Errorf("call: %w", context.DeadlineExceeded), fault.Unknown, fault.Timeout},
		"Cancelled":                {context.Canceled, fault.Unknown, fault.Timeout},
		"AnythingElse":             {io.EOF, fault.Transient, fault.Internal},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, tt.kind, fault.KindOf(tt.err))
			require.Equal(t, tt.code, fault.CodeOf(tt.err))
		})
	}
}

func TestOfNilIsNothing(t *testing.T) {
	t.Parallel()
	require.Nil(t, fault.Of(nil))
	require.Empty(t, fault.CodeOf(nil))
	require.Empty(t, fault.KindOf(nil))
}

func TestInternalErrorsAreHiddenFromClientsAndKeptForLogs(t *testing.T) {
	t.Parallel()
	secret := errors.New("password=hunter2")
	f := fault.Of(fmt.Errorf("connect: %w", secret))
	require.NotContains(t, f.Error(), "hunter2")
	require.ErrorIs(t, f, secret)
}

func TestErrorf(t *testing.T) {
	t.Parallel()
	f := fault.Errorf(fault.Bug, fault.Mismatch, "%s: %w", "key", io.EOF)
	require.Equal(t, "key: EOF", f.Message)
	require.Equal(t, "REQUEST_MISMATCH: key: EOF", f.Error())
	require.ErrorIs(t, f, io.EOF)
	require.NoError(t, fault.Errorf(fault.Bug, fault.Mismatch, "no cause").Unwrap())
	require.Equal(t, "CONFLICT", fault.Errorf(fault.Bug, fault.Conflict, "").Error())
}

// TestWordsNeverChange: histories, databases and clients keep them.
func TestWordsNeverChange(t *testing.T) {
	t.Parallel()
	require.Equal(t,
		[]fault.Code{"SUSPENDED", "REQUEST_MISMATCH", "UNAVAILABLE", "TIMEOUT", "NOT_FOUND", "INVALID", "CONFLICT", "INTERNAL", "LOCKED", "DENIED"},
		[]fault.Code{
			fault.Suspended, fault.Mismatch, fault.Unavailable, fault.Timeout,
			fault.NotFound, fault.Invalid, fault.Conflict, fault.Internal, fault.Locked, fault.Denied,
		})
	require.Equal(t,
		[]fault.Kind{"business", "transient", "unknown", "suspended", "bug"},
		[]fault.Kind{fault.Business, fault.Transient, fault.Unknown, fault.Suspension, fault.Bug})
}
