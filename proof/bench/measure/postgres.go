package measure

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/amends/amends/proof/wait"
)

// Postgres is the work done by some databases of a PostgreSQL server.
type Postgres struct {
	// Transactions have ended in the databases: committed or rolled back, reads
	// included (xact_commit and xact_rollback of pg_stat_database). A session that
	// goes idle reports its last ones up to [StatisticsDelay] late.
	Transactions int64
	// Written is how many transaction ids the server has given out. Only a
	// transaction that writes, or locks a row, gets one; a savepoint that writes gets
	// another. It is exact at once.
	Written int64
	// WAL is the end of the server's write-ahead log, in bytes, with the part that
	// is not written to the disk yet.
	WAL int64
	// Images is how many whole pages that log got: each page's first change after a
	// checkpoint writes one.
	Images int64
}

// StatisticsDelay is slightly more than the delay after which PostgreSQL's idle
// sessions report their work (PGSTAT_IDLE_INTERVAL, 10 s).
const StatisticsDelay = 10500 * time.Millisecond

// ReadPostgres reads a server. Its connection must be to a database that is not
// measured, or it measures itself.
func ReadPostgres(ctx context.Context, c *pgx.Conn, databases ...string) (Postgres, error) {
	var p Postgres
	err := c.QueryRow(ctx, `SELECT
		coalesce((SELECT sum(xact_commit + xact_rollback) FROM pg_stat_database WHERE datname = ANY($1)), 0)::bigint,
		pg_snapshot_xmax(pg_current_snapshot())::text::bigint,
		(pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::bigint,
		(SELECT wal_fpi FROM pg_stat_wal)`, databases).
		Scan(&p.Transactions, &p.Written, &p.WAL, &p.Images)
	if err != nil {
		return Postgres{}, fmt.Errorf("read statistics: %w", err)
	}
	return p, nil
}

// Checkpoint writes everything to the tables, so that the next measurement pays
// for its own whole pages and no timed checkpoint falls into a short one.
func Checkpoint(ctx context.Context, c *pgx.Conn) error {
	if _, err := c.Exec(ctx, "CHECKPOINT"); err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	return nil
}

// Configure sets parameters of a server, gives those of an earlier call their defaults
// again, and returns when the server uses them.
func Configure(ctx context.Context, c *pgx.Conn, parameters map[string]string) error {
	loaded := func() (at time.Time, err error) {
		err = c.QueryRow(ctx, "SELECT pg_conf_load_time()").Scan(&at)
		return at, err
	}
	before, err := loaded()
	if err != nil {
		return fmt.Errorf("configure: %w", err)
	}
	statements := []string{"ALTER SYSTEM RESET ALL"}
	for name, value := range parameters {
		statements = append(statements, fmt.Sprintf("ALTER SYSTEM SET %s = '%s'", pgx.Identifier{name}.Sanitize(), value))
	}
	for _, sql := range append(statements, "SELECT pg_reload_conf()") {
		if _, err := c.Exec(ctx, sql); err != nil {
			return fmt.Errorf("configure: %s: %w", sql, err)
		}
	}
	for {
		at, err := loaded()
		if err == nil && at.Equal(before) {
			err = wait.For(ctx, 10*time.Millisecond)
		} else if err == nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("configure: %w", err)
		}
	}
}
