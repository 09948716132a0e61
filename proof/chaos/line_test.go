package chaos

import (
	"context"
	"errors"
	"io"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/proof/wait"
)

// echo is a server that returns its input.
func echo(t *testing.T) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, l.Close()) })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				_, _ = io.Copy(conn, conn) // until either side ends it
				_ = conn.Close()
			}()
		}
	}()
	return l.Addr().String()
}

func dial(t *testing.T, l *line) net.Conn {
	t.Helper()
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", l.address())
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() }) // it may be closed already
	return conn
}

// says sends a byte, and returns the error of waiting for it to come back.
func says(t *testing.T, conn net.Conn, patience time.Duration) error {
	t.Helper()
	require.NoError(t, conn.SetDeadline(time.Now().Add(patience)))
	if _, err := conn.Write([]byte{1}); err != nil {
		return err
	}
	_, err := conn.Read(make([]byte, 1))
	return err
}

func TestALine(t *testing.T) { //nolint:tparallel // the claims are about one line, one after the other
	t.Parallel()
	l, err := newLine(t.Context(), t.Name(), echo(t))
	require.NoError(t, err)
	t.Cleanup(l.close)
	const patience = time.Minute

	t.Run("Carries", func(t *testing.T) {
		require.NoError(t, says(t, dial(t, l), patience))
	})

	t.Run("ResetsWhatIsCut", func(t *testing.T) {
		conn := dial(t, l)
		require.NoError(t, says(t, conn, patience))
		cut := make(chan error, 1)
		go func() { cut <- l.cut(t.Context(), time.Millisecond) }()
		require.NoError(t, conn.SetDeadline(time.Now().Add(patience)))
		_, err := conn.Read(make([]byte, 1))
		require.ErrorIs(t, err, syscall.ECONNRESET)
		var again net.Conn
		require.NoError(t, wait.Until(t.Context(), "it is open again", func() bool {
			again, err = new(net.Dialer).DialContext(t.Context(), "tcp", l.address())
			return err == nil
		}))
		t.Cleanup(func() { _ = again.Close() })
		require.NoError(t, <-cut, "the victim has connected again")
		require.NoError(t, says(t, again, patience))
	})

	t.Run("IsNotCutWhereNothingIs", func(t *testing.T) {
		alone, err := newLine(t.Context(), t.Name(), echo(t))
		require.NoError(t, err)
		t.Cleanup(alone.close)
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		require.ErrorContains(t, alone.cut(ctx, 0), "never: a connection is open")
		require.ErrorContains(t, alone.swallow(ctx, Both, 0), "never: something falls into the hole")
	})

	for _, lost := range []Lost{Requests, Replies, Both} {
		t.Run("Swallows "+string(lost), func(t *testing.T) {
			conn := dial(t, l)
			require.NoError(t, says(t, conn, patience))
			hole := make(chan error, 1)
			go func() { hole <- l.swallow(t.Context(), lost, 200*time.Millisecond) }()
			require.NoError(t, wait.Until(t.Context(), "it is a hole", func() bool { return l.hole.Load() == lost }))
			// There is no reply; if this goroutine is late, the line is reset before it ends to wait.
			err := says(t, conn, 100*time.Millisecond)
			var timeout net.Error
			require.True(t, errors.As(err, &timeout) && timeout.Timeout() || errors.Is(err, syscall.ECONNRESET), "%v", err)
			require.NoError(t, <-hole)
			require.Positive(t, l.swallowed.Load())
			require.Error(t, says(t, conn, patience), "what it carried has gaps")
			require.NoError(t, says(t, dial(t, l), patience))
		})
	}
}
