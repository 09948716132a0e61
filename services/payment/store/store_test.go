package store_test

import (
	"io/fs"
	"os"
	"testing"
	"testing/fstest"

	"github.com/pressly/goose/v3"
	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/amends/amends/saga/barrier"
	"github.com/amends/amends/services/payment/provider/simulator"
	"github.com/amends/amends/services/payment/store"
)

func TestMigrationsGoUpDownUp(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b *testBundle) {
		require.NoError(t, store.Ready(t.Context(), b.db))
		require.NoError(t, store.Migrate(t.Context(), b.db), "a repeat changes nothing")

		dialect := goose.DialectPostgres
		if b.db.Name() == "sqlite" {
			dialect = goose.DialectSQLite3
		}
		pool, err := b.db.DB()
		require.NoError(t, err)
		all := fstest.MapFS{}
		for _, source := range []fs.FS{barrier.Migrations, os.DirFS("migrations")} {
			names, err := fs.Glob(source, "*.sql")
			require.NoError(t, err)
			for _, name := range names {
				data, err := fs.ReadFile(source, name)
				require.NoError(t, err)
				all[name] = &fstest.MapFile{Data: data}
			}
		}
		p, err := goose.NewProvider(dialect, pool, all)
		require.NoError(t, err)
		_, err = p.DownTo(t.Context(), 0)
		require.NoError(t, err)
		require.Error(t, store.Ready(t.Context(), b.db))
		_, err = p.Up(t.Context())
		require.NoError(t, err)
		b.held(t, "s", simulator.TokenVisa)
	})
}

func TestTheDatabaseRefusesASecondPostingOfTheSameEvent(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b *testBundle) {
		b.taken(t, "s")
		for _, kind := range []string{"hold", "release", "capture"} {
			err := b.db.Exec(`INSERT INTO postings (set_id, line, payment_id, kind, account, amount, currency, created_at)
				SELECT 'again', 1, payment_id, ?, 'funds_held', 1, 'EUR', created_at FROM postings WHERE line = 1 AND kind = 'hold'`, kind).Error
			require.ErrorIs(t, err, gorm.ErrDuplicatedKey, kind)
		}
	})
}
