package cost

import (
	"context"
	"fmt"
	"net/url"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/proof/bench/measure"
	"github.com/amends/amends/proof/dbtest"
)

// BenchmarkOrder measures each step of a confirmed order, one after the other, on a
// PostgreSQL that does not wait for the disk: the time is work and round trips of both
// sides. The WAL is that of the services and the simulators together.
func BenchmarkOrder(b *testing.B) {
	var server *pgx.Conn
	s := newShop(b, func(_ string, migrate func(context.Context, *gorm.DB) error) *gorm.DB {
		dsn := dbtest.Postgres(b)
		if server == nil {
			server = connect(b, dsn)
		}
		db := dbtest.Open(b, dsn, database.Options{})
		require.NoError(b, migrate(b.Context(), db))
		return db
	})
	sagas := 0
	for last, step := range steps {
		b.Run(step.name, func(b *testing.B) {
			b.ReportAllocs()
			first := sagas
			sagas += b.N
			saga := func(i int) string { return fmt.Sprintf("ord_%d", first+i) }
			for i := range b.N {
				for _, earlier := range steps[:last] {
					require.NoError(b, earlier.do(b.Context(), s, saga(i)), earlier.name)
				}
			}
			before := wal(b, server)
			b.ResetTimer()
			for i := range b.N {
				if err := step.do(b.Context(), s, saga(i)); err != nil {
					b.Fatal(err)
				}
			}
			b.StopTimer()
			b.ReportMetric(float64(wal(b, server)-before)/float64(b.N), "WAL-B/op")
		})
	}
}

// connect returns a connection to the server of dsn, apart from its database.
func connect(b *testing.B, dsn string) *pgx.Conn {
	b.Helper()
	u, err := url.Parse(dsn)
	require.NoError(b, err)
	u.Path = "/postgres"
	c, err := pgx.Connect(b.Context(), u.String())
	require.NoError(b, err)
	b.Cleanup(func() { _ = c.Close(context.WithoutCancel(b.Context())) })
	return c
}

// wal returns the end of the server's write-ahead log, in bytes.
func wal(b *testing.B, server *pgx.Conn) int64 {
	b.Helper()
	p, err := measure.ReadPostgres(b.Context(), server)
	require.NoError(b, err)
	return p.WAL
}
