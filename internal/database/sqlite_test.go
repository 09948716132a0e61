package database_test

import (
	"errors"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// TestDialectsAgree checks on both databases what stores rely on: SQLite runs under a
// dialector of our own.
func TestDialectsAgree(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *gorm.DB) {
		rows := make([]shelf, 0, 5)
		for i, name := range []string{"b", "C", "a", "é", "_"} {
			rows = append(rows, shelf{ID: int64(i + 1), Name: name, Stocked: db.NowFunc()})
		}
		require.NoError(t, db.Create(&rows).Error)

		names := func(q *gorm.DB) (got []string) {
			t.Helper()
			require.NoError(t, q.Model(&shelf{}).Pluck("name", &got).Error)
			return got
		}
		require.Equal(t, []string{"C", "_", "a", "b", "é"}, names(db.Order("name")), "byte by byte")
		require.Equal(t, []string{"C", "_"}, names(db.Order("name").Limit(2)))
		require.Equal(t, []string{"a", "b"}, names(db.Order("name").Limit(2).Offset(2)))
		require.Equal(t, []string{"b", "é"}, names(db.Order("name").Offset(3)), "an offset without a limit")
		require.Empty(t, names(db.Order("name").Limit(0)))
		require.Equal(t, []string{"b"}, names(db.Clauses(clause.Locking{Strength: "UPDATE"}).Where("id = ?", 1)))

		again := db.Clauses(clause.OnConflict{DoNothing: true}).Create(&shelf{ID: 1, Name: "again"})
		require.NoError(t, again.Error)
		require.Zero(t, again.RowsAffected)
		upsert := db.Clauses(clause.OnConflict{
			Columns: []clause.Column{{Name: "id"}}, DoUpdates: clause.AssignmentColumns([]string{"name"}),
		}).Create(&shelf{ID: 1, Name: "B", Stocked: db.NowFunc()})
		require.NoError(t, upsert.Error)

		var returned []shelf
		update := db.Model(&returned).Clauses(clause.Returning{}).Where("id <= ?", 2).Update("name", gorm.Expr("name || ?", "!"))
		require.NoError(t, update.Error)
		require.EqualValues(t, 2, update.RowsAffected)
		require.ElementsMatch(t, []string{"B!", "C!"}, []string{returned[0].Name, returned[1].Name})

		var gone []shelf
		require.NoError(t, db.Clauses(clause.Returning{}).Where("id = ?", 5).Delete(&gone).Error)
		require.Len(t, gone, 1)
		require.Equal(t, "_", gone[0].Name)

		require.NoError(t, db.Transaction(func(tx *gorm.DB) error {
			require.NoError(t, tx.SavePoint("before").Error)
			require.NoError(t, tx.Delete(&shelf{}, 1).Error)
			return tx.RollbackTo("before").Error
		}))
		require.NoError(t, db.Take(&shelf{}, 1).Error)

		var odd int
		quoted := db.Table("shelf").Select("1 AS ?", clause.Column{Name: `a"b`}).Where("id = 1").Row()
		require.NoError(t, quoted.Scan(&odd))
		require.Equal(t, 1, odd)
	})
}

// TestWritersQueue: of many transactions that read and then write one row, none
// is lost and none fails, although nothing here runs them again.
func TestWritersQueue(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *gorm.DB) {
		require.NoError(t, db.Create(&shelf{ID: 1, Name: "", Stocked: db.NowFunc()}).Error)
		const writers, rounds = 20, 10
		errs := make([]error, writers*rounds)
		var wg sync.WaitGroup
		for i := range writers {
			wg.Go(func() {
				for j := range rounds {
					errs[i*rounds+j] = db.WithContext(t.Context()).Transaction(func(tx *gorm.DB) error {
						var s shelf
						if err := tx.Clauses(clause.Locking{Strength: "UPDATE"}).Take(&s, 1).Error; err != nil {
							return err
						}
						return tx.Model(&s).Update("name", s.Name+"x").Error
					})
				}
			})
		}
		wg.Wait()
		require.NoError(t, errors.Join(errs...))
		var s shelf
		require.NoError(t, db.Take(&s, 1).Error)
		require.Len(t, s.Name, writers*rounds)
	})
}
