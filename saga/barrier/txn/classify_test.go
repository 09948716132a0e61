package txn_test

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga/barrier/txn"
)

func TestClassify(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		err                     error
		retryable, lost, locked bool
	}{
		{nil, false, false, false},
		{errors.New("anything"), false, false, false},
		{stateError("55P03"), true, false, true},  // lock timeout
		{stateError("40P01"), true, false, false}, // deadlock
		{stateError("40001"), true, false, false}, // serialization failure
		{stateError("40002"), false, false, false},
		{stateError("23505"), false, false, false}, // unique violation
		{stateError("08006"), false, true, false},  // connection failure
		{stateError("53300"), false, true, false},  // too many connections
		{stateError("57P01"), false, true, false},  // shut down by the administrator
		{stateError("57014"), false, false, false}, // cancelled: somebody meant it
		{stateError("28P01"), false, false, false}, // wrong password
		{stateError("25006"), true, true, false},   // read-only: the writer has moved
		{codeError(5), true, false, true},          // BUSY
		{codeError(5 | 2<<8), true, false, false},  // BUSY_SNAPSHOT
		{codeError(6 | 1<<8), true, false, false},  // LOCKED_SHAREDCACHE
		{codeError(19 | 8<<8), false, false, false},
		{codeError(10), false, true, false}, // IOERR
		{codeError(13), false, true, false}, // FULL
		{codeError(14), false, true, false}, // CANTOPEN
		{driver.ErrBadConn, false, true, false},
		{io.ErrUnexpectedEOF, false, true, false},
		{&net.OpError{Op: "dial", Err: errors.New("refused")}, false, true, false},
		{context.DeadlineExceeded, false, false, false}, // although it is a net.Error
		{&net.OpError{Op: "read", Err: context.Canceled}, false, false, false},
	} {
		t.Run(fmt.Sprintf("%T %v", tt.err, tt.err), func(t *testing.T) {
			t.Parallel()
			require.Equal(t, tt.retryable, txn.Retryable(tt.err))
			require.Equal(t, tt.lost, txn.Lost(tt.err))
			require.Equal(t, tt.locked, txn.Locked(tt.err))
			if tt.err != nil {
				wrapped := fmt.Errorf("reserve: %w", tt.err)
				require.Equal(t, tt.retryable, txn.Retryable(wrapped))
				require.Equal(t, tt.lost, txn.Lost(wrapped))
			}
		})
	}
}

const pooler = "the database refuses a prepared statement or a setting; through a pooler such as PgBouncer in transaction mode, the DSN needs default_query_exec_mode=exec"

func TestUnavailableNamesTheCause(t *testing.T) {
	t.Parallel()
	for err, want := range map[error]string{
		stateError("25006"): "the database is read-only",
		codeError(8):        "the database is read-only",
		stateError("53100"): "the disk of the database is full",
		codeError(13):       "the disk of the database is full",
		stateError("40P01"): "the database is busy",
		codeError(5 | 2<<8): "the database is busy",
		stateError("57P03"): "the database cannot be reached",
		stateError("26000"): pooler,
		stateError("42P05"): pooler,
		stateError("08P01"): pooler,
		driver.ErrBadConn:   "the database cannot be reached",
	} {
		got := txn.Unavailable(fmt.Errorf("reserve: %w", err))
		require.EqualError(t, got, "UNAVAILABLE: "+want)
		require.Equal(t, fault.Transient, fault.KindOf(got))
		require.ErrorIs(t, got, err)
	}
	for _, err := range []error{nil, errors.New("anything"), stateError("23505"), codeError(19)} {
		require.NoError(t, txn.Unavailable(err))
	}
}
