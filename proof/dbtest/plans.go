package dbtest

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"
)

// statements keeps the statements that a database was sent.
type statements struct {
	logger.Interface

	all []string
}

// Trace implements [logger.Interface].
func (s *statements) Trace(_ context.Context, _ time.Time, sent func() (string, int64), _ error) {
	statement, _ := sent()
	s.all = append(s.all, statement)
}

// Plans returns the plans of the statements that ask sends to the database that it gets, which
// is db, each with a step on each line. It must be SQLite's: it decides without statistics, so
// a plan for few rows is that for many.
func Plans(tb testing.TB, db *gorm.DB, ask func(db *gorm.DB)) []string {
	tb.Helper()
	require.Equal(tb, "sqlite", db.Name())
	sent := &statements{Interface: logger.Discard}
	ask(db.Session(&gorm.Session{Logger: sent}))
	plans := make([]string, len(sent.all))
	for i, statement := range sent.all {
		var steps []struct{ Detail string }
		require.NoError(tb, db.Raw("EXPLAIN QUERY PLAN "+statement).Scan(&steps).Error)
		for _, s := range steps {
			plans[i] += s.Detail + "\n"
		}
	}
	return plans
}
