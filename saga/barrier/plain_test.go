package barrier_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/proof/dbtest"
)

// TestTableOnPlainGORM checks the table with plain GORM: without our driver, which
// queues statements.
func TestTableOnPlainGORM(t *testing.T) {
	t.Parallel()
	db, err := gorm.Open(postgres.Open(dbtest.Postgres(t)), &gorm.Config{Logger: logger.Discard})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, database.Close(db)) })
	require.NoError(t, migrate(t.Context(), db))
	testTable(t, db)
}
