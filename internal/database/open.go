package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database/pipeline"
)

// Options configure a pool of connections.
type Options struct {
	// MaxConns bounds the open connections. 0 means the default: 10 on PostgreSQL,
	// 4 on a SQLite file. An in-memory SQLite database always has one, because it
	// lives and dies with its connection.
	MaxConns int
	// LockTimeout bounds how long a statement waits for a lock of another
	// transaction. It must be shorter than a step's time limit. 0 means the default,
	// 3 s; it is rounded to whole milliseconds.
	LockTimeout time.Duration
	// Durable makes every SQLite commit survive a power cut, not only the death of
	// the process (synchronous=FULL); each commit then waits for the disk. It has no
	// effect on PostgreSQL. The default is false.
	Durable bool
	// NoPipeline sends every statement by itself, as pgx does, for a proxy that cannot
	// take several at once. It has no effect on SQLite. The default is false; see
	// package pipeline.
	NoPipeline bool
}

const (
	defaultPostgresConns = 10
	defaultSQLiteConns   = 4
	defaultLockTimeout   = 3 * time.Second
	// idleTransaction ends the transaction of a frozen worker. Its row locks would
	// otherwise delay an undo for as long as its connection lives.
	idleTransaction = time.Minute
	// idleConn closes connections that a burst left behind.
	idleConn = 5 * time.Minute
)

// Open connects to the database of dsn: "postgres://…", "sqlite:PATH" (it creates
// the file but not its folder), or "sqlite::memory:" for a private database that
// ends when it is closed. A malformed dsn is a fault with code INVALID, a database
// that does not answer one of kind transient. Messages never contain the password.
// The caller must [Close] the result.
func Open(ctx context.Context, dsn string, o Options) (*gorm.DB, error) {
	if o.LockTimeout <= 0 {
		o.LockTimeout = defaultLockTimeout
	}
	var pool *sql.DB
	var dialect gorm.Dialector
	var err error
	switch {
	case isPostgres(dsn):
		pool, err = openPostgres(dsn, o)
		dialect = postgres.New(postgres.Config{Conn: pool})
	case strings.HasPrefix(dsn, "sqlite:"):
		pool, err = openSQLite(strings.TrimPrefix(dsn, "sqlite:"), o)
		dialect = dialector{pool}
	default:
		err = fault.Errorf(fault.Bug, fault.Invalid, `a DSN starts with "postgres://" or "sqlite:"`)
	}
	if err != nil {
		return nil, err
	}
	db, err := gorm.Open(dialect, &gorm.Config{
		SkipDefaultTransaction: true, // a store says where its transaction begins and ends
		TranslateError:         true,
		DisableAutomaticPing:   true, // it would ignore ctx
		Logger:                 logger.Discard,
		NowFunc:                Now,
	})
	if err == nil {
		err = pool.PingContext(ctx)
	}
	if err != nil {
		_ = pool.Close() // the first error says more
		return nil, Fault(fmt.Errorf("open %s: %w", Redact(dsn), err))
	}
	return db, nil
}

// Close closes db's connections and waits for running queries to end.
func Close(db *gorm.DB) error {
	pool, err := db.DB()
	if err != nil {
		return err
	}
	return pool.Close()
}

func isPostgres(dsn string) bool {
	return strings.HasPrefix(dsn, "postgres://") || strings.HasPrefix(dsn, "postgresql://")
}

func openPostgres(dsn string, o Options) (*sql.DB, error) {
	cfg, err := pgx.ParseConfig(dsn)
	if err != nil { // pgx's message and its error hold the DSN
		return nil, fault.Errorf(fault.Bug, fault.Invalid, "malformed DSN %s", Redact(dsn))
	}
	cfg.RuntimeParams["timezone"] = "UTC"
	setDefault(cfg.RuntimeParams, "application_name", "amends")
	setDefault(cfg.RuntimeParams, "lock_timeout", millis(o.LockTimeout))
	setDefault(cfg.RuntimeParams, "idle_in_transaction_session_timeout", millis(idleTransaction))
	connector := stdlib.GetConnector(*cfg)
	if !o.NoPipeline {
		connector = pipeline.New(connector)
	}
	pool := sql.OpenDB(connector)
	conns := o.MaxConns
	if conns <= 0 {
		conns = defaultPostgresConns
	}
	pool.SetMaxOpenConns(conns)
	pool.SetMaxIdleConns(conns)
	pool.SetConnMaxIdleTime(idleConn)
	return pool, nil
}

// reserve creates the file of a new database, readable by its owner only, because it
// will hold names and addresses. SQLite gives its other files the same mode.
func reserve(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err == nil {
		err = f.Close()
	}
	if at, ok := errors.AsType[*os.PathError](err); ok { // without the path, which is private
		return fault.Errorf(fault.Transient, fault.Unavailable, "the database's file cannot be opened: %w", at.Err)
	}
	return err
}

func openSQLite(path string, o Options) (*sql.DB, error) {
	if path == "" {
		return nil, fault.Errorf(fault.Bug, fault.Invalid, `the DSN "sqlite:" names no file`)
	}
	// The order matters: two processes can switch the journal at once only if the
	// busy timeout is set already.
	settings := []string{
		"_txlock=immediate", // a transaction that becomes a writer late fails instead of waiting
		"_pragma=busy_timeout(" + millis(o.LockTimeout) + ")",
		"_pragma=foreign_keys(1)",
		"_time_format=sqlite",
		"_timezone=UTC",
	}
	conns, file := 1, ":memory:"
	if path != file {
		file = (&url.URL{Path: path}).EscapedPath()
		synchronous := "NORMAL"
		if o.Durable {
			synchronous = "FULL"
		}
		settings = append(settings, "_pragma=journal_mode(WAL)", "_pragma=synchronous("+synchronous+")")
		if conns = o.MaxConns; conns <= 0 {
			conns = defaultSQLiteConns
		}
		if err := reserve(path); err != nil {
			return nil, err
		}
	}
	pool, err := sql.Open("sqlite", "file:"+file+"?"+strings.Join(settings, "&"))
	if err != nil {
		return nil, Fault(fmt.Errorf("open sqlite: %w", err))
	}
	pool.SetMaxOpenConns(conns)
	pool.SetMaxIdleConns(conns) // idle ones are kept: reopening a file costs more than the memory
	return pool, nil
}

func setDefault(m map[string]string, key, value string) {
	if m[key] == "" {
		m[key] = value
	}
}

func millis(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }
