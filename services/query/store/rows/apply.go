// Package rows has the tables of the read model, and writes them: one generation at a time,
// many changes in a few statements.
package rows

import (
	"fmt"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/services/query"
)

// batch is the most rows of one statement: SQLite takes 32,766 parameters.
const batch = 500

// Targets returns the generations that facts are applied to: the one that answers and the
// one that is being loaded. It keeps every other writer and a switch away until tx ends.
// Without any generation it begins the first.
func Targets(tx *gorm.DB) (all []int64, err error) {
	for range 2 {
		err = tx.Table("generations").Clauses(clause.Locking{Strength: clause.LockingStrengthUpdate}).
			Where("state <> 'old'").Order("generation").Pluck("generation", &all).Error
		if err != nil {
			return nil, fmt.Errorf("lock the generations: %w", err)
		}
		if len(all) > 0 {
			break
		}
		if err := Begin(tx, 1); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// Apply writes changes to one generation. It takes over only what is newer than the rows,
// so a repeat changes nothing.
func Apply(tx *gorm.DB, generation int64, changes []query.Change) error {
	w := writer{tx, generation}
	for _, write := range []func([]query.Change) error{w.orders, w.entries, w.stock, w.products, w.progress} {
		if err := write(changes); err != nil {
			return err
		}
	}
	return nil
}

// writer writes to one generation.
type writer struct {
	tx         *gorm.DB
	generation int64
}

// upsert inserts rows or replaces some columns of existing ones.
func upsert[Row any](tx *gorm.DB, rows []Row, key, columns []string) error {
	target := make([]clause.Column, len(key))
	for i, k := range key {
		target[i].Name = k
	}
	conflict := clause.OnConflict{Columns: target, DoUpdates: clause.AssignmentColumns(columns), DoNothing: len(columns) == 0}
	for i := 0; i < len(rows); i += batch {
		some := rows[i:min(i+batch, len(rows))]
		if err := tx.Clauses(conflict).Create(&some).Error; err != nil {
			return err //nolint:wrapcheck // the caller says what it was doing
		}
	}
	return nil
}

// Progress is a row of how far a projection has come in a generation.
type Progress struct {
	Generation int64  `gorm:"primaryKey;autoIncrement:false"`
	Name       string `gorm:"primaryKey"`
	Events     int64
	Newest     time.Time
}

// TableName is for GORM.
func (Progress) TableName() string { return "progress" }

// progress counts changes for each projection.
func (w writer) progress(changes []query.Change) error {
	rows := map[string]*Progress{}
	for _, c := range changes {
		r := rows[c.Projection()]
		if r == nil {
			r = &Progress{Generation: w.generation, Name: c.Projection()}
			rows[r.Name] = r
		}
		r.Events++
		if at := c.At.UTC().Truncate(time.Microsecond); at.After(r.Newest) {
			r.Newest = at
		}
	}
	for _, name := range Projections {
		r := rows[name]
		if r == nil {
			continue
		}
		err := w.tx.Exec(`INSERT INTO progress (generation, name, events, newest) VALUES (?, ?, ?, ?)
			ON CONFLICT (generation, name) DO UPDATE SET events = progress.events + excluded.events,
			newest = CASE WHEN excluded.newest > progress.newest THEN excluded.newest ELSE progress.newest END`,
			r.Generation, r.Name, r.Events, r.Newest).Error
		if err != nil {
			return fmt.Errorf("write the progress: %w", err)
		}
	}
	return nil
}

// Projections are by name.
var Projections = []string{query.OrdersProjection, query.ProductsProjection, query.StockProjection, query.TimelineProjection}

// Begin makes a generation that is loaded.
func Begin(tx *gorm.DB, generation int64) error {
	err := tx.Exec("INSERT INTO generations (generation, state, began_at) VALUES (?, 'loading', ?) ON CONFLICT DO NOTHING", generation, database.Now()).Error
	if err != nil {
		return fmt.Errorf("begin a generation: %w", err)
	}
	return nil
}
