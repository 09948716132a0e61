package pipeline_test

import (
	"context"
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/saga/barrier/txn"
)

// modes are pgx's ways to execute a statement, which a DSN may choose.
var modes = []string{"cache_statement", "cache_describe", "describe_exec", "exec", "simple_protocol"}

// read reads the one line of a query that takes one argument.
func read(tx *gorm.DB, query string) ([]any, error) {
	rows, err := tx.Raw(query, "arg").Rows()
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // it has been read to its end, or err says more
	columns, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	line := make([]any, len(columns))
	dest := make([]any, len(columns))
	for i := range line {
		dest[i] = &line[i]
	}
	for rows.Next() {
		if err := rows.Scan(dest...); err != nil {
			return nil, err
		}
	}
	return line, rows.Err()
}

// TestABatchReadsWhatPgxReads compares the answers to a query that came with BEGIN
// and to one that came alone, value by value.
func TestABatchReadsWhatPgxReads(t *testing.T) {
	t.Parallel()
	const query = `SELECT true, 1::int2, 2::int4, 3::int8, 1.5::float4, 2.5::float8, 'a'::text, 'b'::varchar, 'c'::char(3), 'd'::name,
		1.25::numeric, 100::numeric, 1.50::numeric, 0::numeric, 1e-9::numeric, 12345678901234567890.5::numeric, 'NaN'::numeric,
		'\x00ff'::bytea, 7::oid, '8'::xid, '9'::cid, DATE '2026-02-28', DATE 'infinity',
		TIMESTAMP '2026-02-28 23:59:59.123456', TIMESTAMPTZ '2026-02-28 23:59:59.5Z', TIMESTAMPTZ '-infinity',
		'{"a": 1}'::json, '{"a": 1}'::jsonb, '018f2d6c-0000-7000-8000-000000000000'::uuid, '1.5'::money, TIMETZ '12:00Z',
		NULL::text, NULL::bigint, NULL::interval, $1::text`
	for _, mode := range modes {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			db := dbtest.Open(t, dbtest.Postgres(t)+"&default_query_exec_mode="+mode, database.Options{})
			want, err := read(db.WithContext(t.Context()), query)
			require.NoError(t, err)
			require.NoError(t, database.InTx(t.Context(), db, func(tx *gorm.DB) error {
				for _, when := range []string{"with BEGIN", "by itself"} {
					got, err := read(tx, query)
					require.NoError(t, err)
					require.Equal(t, want, got, when)
				}
				return nil
			}))
		})
	}
}

// TestABatchReadsNothingElse lets a batch read what pgx alone reads as text, and
// takes what it reads so, too, or an error: never another text.
func TestABatchReadsNothingElse(t *testing.T) {
	t.Parallel()
	for _, mode := range modes {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			db := dbtest.Open(t, dbtest.Postgres(t)+"&default_query_exec_mode="+mode, database.Options{})
			for _, value := range []string{
				"INTERVAL '1 day 2 hours'", "TIME '01:02:03'", "INET '10.0.0.1'", "CIDR '10.0.0.0/8'", "MACADDR '08:00:2b:01:02:03'",
				`'a'::"char"`, "'1'::xid8", "B'101'", "POINT '(1,2)'", "int4range(1, 3)", "ARRAY[1, 2]", "ARRAY['a']", "ROW(1, 'a')",
			} {
				query := "SELECT " + value + " WHERE 'arg' = $1"
				want, err := read(db.WithContext(t.Context()), query)
				require.NoError(t, err)
				var got []any
				err = database.InTx(t.Context(), db, func(tx *gorm.DB) (err error) {
					got, err = read(tx, query)
					return err
				})
				if err == nil {
					require.Equal(t, want, got, value)
					continue
				}
				require.ErrorContains(t, err, "cannot be read by a statement that is sent together with others", value)
				require.True(t, strings.HasPrefix(mode, "cache") || mode == "describe_exec", "%s: text is read in any case", value)
			}
		})
	}
}

func TestAQueuedStatementWritesWhatItWasGiven(t *testing.T) {
	t.Parallel()
	db, _ := dbtest.Counted(t, func(ctx context.Context, db *gorm.DB) error {
		return db.WithContext(ctx).Exec("CREATE TABLE given (name text, at timestamptz, raw bytea, doc json, place text)").Error
	})
	name, at := "b", time.Date(2026, 2, 28, 0, 0, 0, 0, time.UTC)
	raw, doc := []byte("raw"), json.RawMessage(`{"a": 1}`)
	place, err := url.Parse("https://example.com/a")
	require.NoError(t, err)
	require.NoError(t, database.InTx(t.Context(), db, func(tx *gorm.DB) error {
		pool := txn.Queue(tx, 1).Statement
		_, err := pool.ConnPool.ExecContext(pool.Context, "INSERT INTO given VALUES ($1, $2, $3, $4, $5)", &name, &at, raw, doc, place)
		name, at = "changed before it was sent", time.Time{}
		raw[0], doc[2] = 'X', 'X'
		return err
	}))
	var got struct {
		Name, Raw, Doc, Place string
		At                    time.Time
	}
	require.NoError(t, db.Raw("SELECT name, at, convert_from(raw, 'UTF8') AS raw, doc::text AS doc, place FROM given").Scan(&got).Error)
	require.Equal(t, "b", got.Name)
	require.Equal(t, "raw", got.Raw)
	require.Equal(t, `{"a": 1}`, got.Doc)
	require.Equal(t, "https://example.com/a", got.Place, "pgx knows what to do with other pointers")
	require.True(t, got.At.Equal(time.Date(2026, 2, 28, 0, 0, 0, 0, time.UTC)))
}
