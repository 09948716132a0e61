package txn

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"

	"github.com/amends/amends/fault"
)

// SQLState returns the five-character code of a PostgreSQL error in err's chain,
// or "".
func SQLState(err error) string {
	var e interface{ SQLState() string }
	if errors.As(err, &e) {
		return e.SQLState()
	}
	return ""
}

// SQLite's primary result codes that matter here. The lowest byte of an extended
// code is its primary one.
const (
	sqliteBusy     = 5
	sqliteLocked   = 6
	sqliteReadOnly = 8
	sqliteIOErr    = 10
	sqliteFull     = 13
	sqliteCantOpen = 14
)

// SQLiteCode returns the extended result code of a SQLite error in err's chain,
// or 0.
func SQLiteCode(err error) int {
	var e interface{ Code() int }
	if errors.As(err, &e) {
		return e.Code()
	}
	return 0
}

// readOnly is PostgreSQL's state of a write in a session that must not write: its
// server is a standby, or was made read-only, because the primary has moved.
const readOnly = "25006"

// Locked reports whether err is of a statement that another transaction's lock
// stopped: it has waited for as long as it may, or was not to wait. The transaction
// took no effect. PostgreSQL's state is 55P03, SQLite's code a plain BUSY, which it
// returns after its busy timeout.
func Locked(err error) bool {
	return SQLState(err) == "55P03" || SQLiteCode(err) == sqliteBusy
}

// Retryable reports whether err is of a transaction that took no effect and may
// succeed if it runs again. It lost against another one: a lock (see [Locked]),
// PostgreSQL's deadlock (40P01) and serialization failure (40001), SQLite's BUSY and
// LOCKED. Or its session cannot write (25006), and that of another connection may.
func Retryable(err error) bool {
	switch SQLState(err) {
	case "40P01", "40001", readOnly:
		return true
	}
	code := SQLiteCode(err) & 0xff
	return Locked(err) || code == sqliteBusy || code == sqliteLocked
}

// Lost reports whether err is of a database that cannot be reached or cannot work
// at the moment: a broken or refused connection, a server that starts, stops or is
// out of connections, memory or disk. It is false for a context that ended.
func Lost(err error) bool {
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	if state := SQLState(err); state != "" {
		switch state[:2] {
		case "08", "53", "58": // connection, resources, system
			return true
		}
		switch state {
		case "57P01", "57P02", "57P03", "57P05", // shut down, crashed, starting, idle for too long
			"25P03", "25P04", // a frozen worker's transaction was ended by a timeout
			readOnly:
			return true
		}
		return false
	}
	switch SQLiteCode(err) & 0xff {
	case sqliteReadOnly, sqliteIOErr, sqliteFull, sqliteCantOpen:
		return true
	}
	for _, gone := range []error{driver.ErrBadConn, sql.ErrConnDone, io.EOF, io.ErrUnexpectedEOF, net.ErrClosed} {
		if errors.Is(err, gone) {
			return true
		}
	}
	if _, network := errors.AsType[net.Error](err); network {
		return true
	}
	// pgx: the connection was found broken before anything was sent on it.
	var unsent interface{ SafeToRetry() bool }
	return errors.As(err, &unsent) && unsent.SafeToRetry()
}

// Unavailable returns a fault of kind transient for an error that is [Retryable] or
// [Lost], or that comes from a pooler between transactions, otherwise nil. Its message
// is safe for clients and names the cause; a lock has a code of its own, LOCKED.
func Unavailable(err error) error {
	if Locked(err) {
		return fault.Wrap(err, fault.Transient, fault.Locked, "another transaction holds a lock for too long")
	}
	var message string
	sqlite, state := SQLiteCode(err)&0xff, SQLState(err)
	switch {
	case state == readOnly || sqlite == sqliteReadOnly:
		message = "the database is read-only"
	case state == "53100" || sqlite == sqliteFull:
		message = "the disk of the database is full"
	case state == "26000" || state == "42P05" || state == "08P01":
		// The session of a prepared statement, or of a setting, is another one.
		message = "the database refuses a prepared statement or a setting; through a pooler such as PgBouncer in transaction mode, " +
			"the DSN needs default_query_exec_mode=exec"
	case Retryable(err):
		message = "the database is busy"
	case Lost(err):
		message = "the database cannot be reached"
	default:
		return nil
	}
	return fault.Wrap(err, fault.Transient, fault.Unavailable, message)
}
