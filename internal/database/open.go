package database

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/XSAM/otelsql"
	"github.com/jackc/pgx/v5"
	semconv "go.opentelemetry.io/otel/semconv/v1.37.0"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database/pipeline"
	"github.com/amends/amends/internal/database/session"
	"github.com/amends/amends/internal/database/sqlite"
	"github.com/amends/amends/internal/database/traced"
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
	// ConnLifetime bounds how long a connection to PostgreSQL is used; each ends at a
	// random time in its last fifth. 0 means the default, 30 min.
	ConnLifetime time.Duration
	// CustomPlans has PostgreSQL plan a statement for its values each time it is executed:
	// for searches, whose best plans differ. A connection then keeps fewer prepared statements.
	// The default is false.
	CustomPlans bool
	// Traced makes a span of each statement, without its values, on OpenTelemetry's
	// global tracer. The default is false.
	Traced bool
}

const (
	defaultPostgresConns = 10
	defaultSQLiteConns   = 4
	defaultLockTimeout   = 3 * time.Second
	defaultConnLifetime  = 30 * time.Minute
	// idleTransaction ends the transaction of a frozen worker. Its row locks would
	// otherwise delay an undo for as long as its connection lives.
	idleTransaction = time.Minute
	// idleConn closes connections that a burst left behind.
	idleConn = 5 * time.Minute
)

// Open connects to the database of dsn: "postgres://…", "sqlite:PATH" (it creates
// the file but not its folder), or "sqlite::memory:" for a private database that
// ends when it is closed. A malformed dsn, or a path that names no writable file, is a
// fault with code INVALID, a damaged file one with code INTERNAL, both of kind bug: no
// wait repairs them. A database that does not answer, or is read-only, is a fault of
// kind transient. Messages never contain the password.
// The caller must [Close] the result.
func Open(ctx context.Context, dsn string, o Options) (*gorm.DB, error) {
	if o.LockTimeout <= 0 {
		o.LockTimeout = defaultLockTimeout
	}
	var pool *sql.DB
	var dialect gorm.Dialector
	var err error
	switch {
	case IsPostgres(dsn):
		pool, err = openPostgres(dsn, o)
		dialect = postgres.New(postgres.Config{Conn: pool})
	case strings.HasPrefix(dsn, "sqlite:"):
		pool, err = sqlite.Open(strings.TrimPrefix(dsn, "sqlite:"), sqlite.Options{
			MaxConns: connsOr(o.MaxConns, defaultSQLiteConns), LockTimeout: o.LockTimeout, Durable: o.Durable, Traced: o.Traced,
		})
		dialect = sqlite.Dialect(pool)
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
		err = Fault(fmt.Errorf("open %s: %w", Redact(dsn), err))
		if f := fault.Of(err); damaged(err) {
			err = fault.Wrap(err, f.Kind, f.Code, Redact(dsn)+": "+f.Message)
		}
		return nil, err
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

// IsPostgres reports whether dsn has the form of a PostgreSQL URL.
func IsPostgres(dsn string) bool {
	return strings.HasPrefix(dsn, "postgres://") || strings.HasPrefix(dsn, "postgresql://")
}

// customStatements is how many statements a connection with custom plans keeps prepared. One with
// another number of values is another statement, of which the server keeps about 30 KiB: 512, pgx's
// default, were 20 MiB for each connection that writes many rows at once.
const customStatements = 64

func openPostgres(dsn string, o Options) (*sql.DB, error) {
	cfg, err := pgx.ParseConfig(dsn)
	if err != nil { // pgx's message and its error hold the DSN
		return nil, fault.Errorf(fault.Bug, fault.Invalid, "malformed DSN %s", Redact(dsn))
	}
	cfg.RuntimeParams["timezone"] = "UTC"
	setDefault(cfg.RuntimeParams, "application_name", "amends")
	setDefault(cfg.RuntimeParams, "lock_timeout", millis(o.LockTimeout))
	setDefault(cfg.RuntimeParams, "idle_in_transaction_session_timeout", millis(idleTransaction))
	local := settingsOfTransactions(cfg)
	if len(local) > 0 && o.NoPipeline {
		return nil, fault.Errorf(fault.Bug, fault.Invalid, "%s: default_query_exec_mode=%s needs the pipeline, which limits the waits of each transaction: set pipeline to true",
			Redact(dsn), cfg.DefaultQueryExecMode)
	}
	if len(local) == 0 { // a pooler refuses settings that it does not know
		setDefault(cfg.RuntimeParams, "jit", "off")
		if o.CustomPlans { // with a pooler no statement is prepared, and none has another plan
			setDefault(cfg.RuntimeParams, "plan_cache_mode", "force_custom_plan")
			cfg.StatementCacheCapacity = min(cfg.StatementCacheCapacity, customStatements)
		}
	}
	connector := session.New(cmp.Or(max(o.ConnLifetime, 0), defaultConnLifetime)).Connector(cfg)
	if !o.NoPipeline {
		connector = pipeline.New(connector, local...)
	}
	var pool *sql.DB
	if o.Traced {
		pool = otelsql.OpenDB(connector, traced.Options(semconv.DBSystemNamePostgreSQL)...)
	} else {
		pool = sql.OpenDB(connector)
	}
	conns := connsOr(o.MaxConns, defaultPostgresConns)
	pool.SetMaxOpenConns(conns)
	pool.SetMaxIdleConns(conns)
	pool.SetConnMaxIdleTime(idleConn)
	return pool, nil
}

// connsOr returns the number of connections that an operator set, or the default.
func connsOr(set, standard int) int { return cmp.Or(max(set, 0), standard) }

func setDefault(m map[string]string, key, value string) {
	if m[key] == "" {
		m[key] = value
	}
}

func millis(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }
