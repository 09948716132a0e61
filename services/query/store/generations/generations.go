// Package generations builds a read model beside the one that answers, and switches to it.
package generations

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"gorm.io/gorm"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/services/query"
	"github.com/amends/amends/services/query/store/rows"
	"github.com/amends/amends/services/query/store/search"
)

// sweep is how many rows one transaction of a drop deletes, so that facts are not kept
// waiting.
const sweep = 5000

// tables have rows of generations. Those of the search are cleared as a whole.
var tables = []string{"orders", "order_lines", "timeline", "products", "stock", "progress"}

// Generations are those of one database.
type Generations struct{ db *gorm.DB }

// New returns the generations of db, which must be migrated to the schema of package store.
func New(db *gorm.DB) *Generations { return &Generations{db} }

// Filled reports whether there is a generation that answers.
func (g *Generations) Filled(ctx context.Context) (bool, error) {
	states, err := g.States(ctx)
	return states["current"] > 0, err
}

// Begin begins a generation beside the one that answers, and returns its number. From
// then on facts are applied to both. One that is being loaded already is returned: the
// caller goes on with it. It refuses with OLD_GENERATION.
func (g *Generations) Begin(ctx context.Context) (generation int64, err error) {
	if err := g.clean(ctx); err != nil {
		return 0, err
	}
	err = database.InTx(ctx, g.db, func(tx *gorm.DB) error {
		states, err := lockStates(tx)
		if err != nil {
			return err
		}
		if states["loading"] > 0 {
			generation = states["loading"]
			return nil
		}
		if states["old"] > 0 {
			return fault.Errorf(fault.Business, query.OldGeneration, "generation %d is still kept: drop it first", states["old"])
		}
		generation = states["current"] + 1
		for _, table := range tables { // of a generation with the same number that was dropped a moment ago
			if err := tx.Exec("DELETE FROM "+table+" WHERE generation = ?", generation).Error; err != nil {
				return fmt.Errorf("begin a generation: %w", err)
			}
		}
		for _, kind := range []search.Kind{search.Orders, search.Products} {
			if err := kind.Clear(tx, generation); err != nil {
				return err //nolint:wrapcheck // it names the operation
			}
		}
		return rows.Begin(tx, generation) //nolint:wrapcheck // the same
	})
	return generation, err
}

// lockStates returns the generation in each state, and keeps every writer away until tx
// ends.
func lockStates(tx *gorm.DB) (map[string]int64, error) {
	var rows []struct {
		Generation int64
		State      string
	}
	lock := " FOR UPDATE"
	if tx.Name() == "sqlite" {
		lock = ""
	}
	if err := tx.Raw("SELECT generation, state FROM generations ORDER BY generation" + lock).Scan(&rows).Error; err != nil {
		return nil, fmt.Errorf("lock the generations: %w", err)
	}
	states := map[string]int64{}
	for _, r := range rows {
		states[r.State] = r.Generation
	}
	return states, nil
}

// loading returns nil if the generation is being loaded; it locks as lockStates does.
func loading(tx *gorm.DB, generation int64) (states map[string]int64, err error) {
	if states, err = lockStates(tx); err == nil && states["loading"] != generation {
		err = fault.Errorf(fault.Business, query.NotLoading, "generation %d is not being loaded", generation)
	}
	return states, err
}

// Load applies changes to a generation that is being loaded. They are those that the rows
// of their owners imply. A repeat changes nothing. It refuses with NOT_LOADING.
func (g *Generations) Load(ctx context.Context, generation int64, changes []query.Change) error {
	return database.InTx(ctx, g.db, func(tx *gorm.DB) error {
		if _, err := loading(tx, generation); err != nil {
			return err
		}
		return rows.Apply(tx, generation, changes) //nolint:wrapcheck // it names the operation
	})
}

// Switch has a generation that was loaded answer from now on, and keeps the one before.
// It refuses with NOT_LOADING.
func (g *Generations) Switch(ctx context.Context, generation int64) error {
	if err := g.vacuum(ctx, generation); err != nil {
		return err
	}
	return database.InTx(ctx, g.db, func(tx *gorm.DB) error {
		states, err := loading(tx, generation)
		if err != nil {
			return err
		}
		if err := tx.Exec("UPDATE generations SET state = 'old' WHERE generation = ?", states["current"]).Error; err != nil {
			return fmt.Errorf("retire a generation: %w", err)
		}
		err = tx.Exec("UPDATE generations SET state = 'current', switched_at = ? WHERE generation = ?", database.Now(), generation).Error
		if err != nil {
			return fmt.Errorf("switch to a generation: %w", err)
		}
		return nil
	})
}

// vacuum tells PostgreSQL's planner of the rows that were loaded, and empties the lists of
// words that its indexes have not taken up yet, before the first answer needs either. A table
// that autovacuum works on is left to it.
func (g *Generations) vacuum(ctx context.Context, generation int64) error {
	if g.db.Name() == "sqlite" {
		return nil
	}
	all := append(slices.Clone(tables), search.Orders.Table(generation), search.Products.Table(generation))
	statement := "VACUUM (ANALYZE, SKIP_LOCKED) " + strings.Join(all, ", ")
	if err := g.db.WithContext(ctx).Exec(statement).Error; err != nil {
		return database.Fault(fmt.Errorf("tell the planner of a generation: %w", err))
	}
	return nil
}

// Drop removes the generation that answered before the last switch, and, if unfinished is
// set, one that is being loaded. A repeat changes nothing.
func (g *Generations) Drop(ctx context.Context, unfinished bool) error {
	states := []string{"old"}
	if unfinished {
		states = append(states, "loading")
	}
	return g.remove(ctx, "state IN ?", states)
}

// Abandon removes a generation if it is being loaded. A repeat changes nothing.
func (g *Generations) Abandon(ctx context.Context, generation int64) error {
	return g.remove(ctx, "state = 'loading' AND generation = ?", generation)
}

func (g *Generations) remove(ctx context.Context, which string, arg any) error {
	err := database.InTx(ctx, g.db, func(tx *gorm.DB) error {
		if _, err := lockStates(tx); err != nil {
			return err
		}
		return tx.Exec("DELETE FROM generations WHERE "+which, arg).Error
	})
	if err != nil {
		return err
	}
	return g.clean(ctx)
}

// clean removes the rows of generations that are gone, a part at a time.
func (g *Generations) clean(ctx context.Context) error {
	for _, table := range tables {
		for more := true; more; {
			err := database.InTx(ctx, g.db, func(tx *gorm.DB) error {
				row := "rowid"
				if tx.Name() == "postgres" {
					row = "ctid"
				}
				res := tx.Exec(fmt.Sprintf(`DELETE FROM %[1]s WHERE %[2]s IN (SELECT %[2]s FROM %[1]s
					WHERE generation NOT IN (SELECT generation FROM generations) LIMIT ?)`, table, row), sweep)
				more = res.RowsAffected == sweep
				return res.Error
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// States returns the generation in each state: "loading", "current" and "old".
func (g *Generations) States(ctx context.Context) (states map[string]int64, err error) {
	err = database.InTx(ctx, g.db, func(tx *gorm.DB) error {
		states, err = lockStates(tx)
		return err
	})
	return states, err
}
