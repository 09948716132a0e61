package barrier_test

import (
	"context"
	"testing"

	"gorm.io/gorm"

	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/internal/dbtest"
	"github.com/amends/amends/saga/barrier"
)

func migrate(ctx context.Context, db *gorm.DB) error {
	return database.Migrate(ctx, db, barrier.Migrations)
}

func TestSmoke(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, migrate, func(t *testing.T, db *gorm.DB) {
		out, err := barrier.Do(t.Context(), db, barrier.Call{Key: barrier.Key{Saga: "a", Step: "b"}}, func(tx *gorm.DB) (int, error) { return 3, nil })
		if out != 3 || err != nil {
			t.Fatal(out, err)
		}
	})
}
