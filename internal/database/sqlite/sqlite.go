// Package sqlite opens SQLite databases and is their GORM dialect.
//
// It is a small dialector of our own over a driver in pure Go. Of the existing
// dialectors, one compiles C and translates no errors, one ignores the immediate
// transactions that keep concurrent writers from failing, and one lost an in-memory
// database when a context was cancelled.
package sqlite

import (
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/XSAM/otelsql"
	semconv "go.opentelemetry.io/otel/semconv/v1.37.0"
	"gorm.io/gorm"
	_ "modernc.org/sqlite" // registers the driver "sqlite"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database/traced"
)

// memory is the path of a private database that ends when it is closed.
const memory = ":memory:"

// Options configure a pool of connections. MaxConns and LockTimeout must be set.
type Options struct {
	// MaxConns bounds the open connections. An in-memory database has one in any
	// case, because it lives and dies with its connection.
	MaxConns int
	// LockTimeout bounds how long a statement waits for the writer; it is rounded to
	// whole milliseconds.
	LockTimeout time.Duration
	// Durable makes every commit survive a power cut, not only the death of the
	// process (synchronous=FULL); each commit then waits for the disk.
	Durable bool
	// Traced makes a span of each statement, see package traced.
	Traced bool
}

// Open returns a pool for the file of path, or for a private database in memory if
// path is ":memory:". It creates a missing file but not its folder, and connects when
// the pool is first used. A path that is empty, or that names no file that this process
// may write, is a fault with code INVALID; another failure to open the file is one of
// kind transient. The caller must close the pool.
func Open(path string, o Options) (*sql.DB, error) {
	if path == "" {
		return nil, fault.Errorf(fault.Bug, fault.Invalid, `the DSN "sqlite:" names no file`)
	}
	// The order matters: two processes can switch the journal at once only if the
	// busy timeout is set already.
	settings := []string{
		"_txlock=immediate", // a transaction that becomes a writer late fails instead of waiting
		"_pragma=busy_timeout(" + strconv.FormatInt(o.LockTimeout.Milliseconds(), 10) + ")",
		"_pragma=foreign_keys(1)",
		"_pragma=secure_delete(1)", // an erased customer is not left in the free pages of the file
		"_time_format=sqlite",
		"_timezone=UTC",
	}
	conns, file := 1, memory
	if path != memory {
		conns, file = o.MaxConns, (&url.URL{Path: path}).EscapedPath()
		synchronous := "NORMAL"
		if o.Durable {
			synchronous = "FULL"
		}
		settings = append(settings, "_pragma=journal_mode(WAL)", "_pragma=synchronous("+synchronous+")")
		if err := reserve(path); err != nil {
			return nil, err
		}
	}
	pool, err := connect("file:"+file+"?"+strings.Join(settings, "&"), o.Traced)
	if err != nil {
		return nil, fmt.Errorf("open sqlite: %w", err)
	}
	pool.SetMaxOpenConns(conns)
	pool.SetMaxIdleConns(conns) // idle ones are kept: reopening a file costs more than the memory
	return pool, nil
}

func connect(dsn string, spans bool) (*sql.DB, error) {
	if spans {
		return otelsql.Open("sqlite", dsn, traced.Options(semconv.DBSystemNameSQLite)...)
	}
	return sql.Open("sqlite", dsn)
}

// Dialect returns the dialect with which GORM uses pool.
func Dialect(pool *sql.DB) gorm.Dialector { return dialector{pool} }

// reserve creates the file of a new database, readable by its owner only, because it
// will hold names and addresses. SQLite gives its other files the same mode.
func reserve(path string) error {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() && !info.IsDir() {
		return fault.Errorf(fault.Bug, fault.Invalid, "%s is not a regular file", path) // opening a pipe would block
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err == nil {
		err = f.Close()
	}
	at, ok := errors.AsType[*os.PathError](err)
	if !ok {
		return err
	}
	for _, mistake := range mistakes {
		if errors.Is(at.Err, mistake) {
			return fault.Errorf(fault.Bug, fault.Invalid, "%s cannot be opened for writing: %w", path, at.Err)
		}
	}
	return fault.Errorf(fault.Transient, fault.Unavailable, "the database's file cannot be opened: %w", at.Err)
}

// mistakes are the errors of a path that no wait repairs.
var mistakes = []error{syscall.ENOENT, syscall.ENOTDIR, syscall.EISDIR, syscall.EACCES, syscall.EPERM, syscall.EROFS, syscall.ELOOP, syscall.ENAMETOOLONG}
