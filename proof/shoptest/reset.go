package shoptest

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"gorm.io/gorm"

	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/services/inventory"
)

// Snapshot keeps the content of the shop's databases for [Shop.Reset]. SQLite
// only.
func (s *Shop) Snapshot(ctx context.Context) error {
	s.resets, s.dumps = make([][]string, len(s.databases)), make([]dump, len(s.databases))
	for i, db := range s.databases {
		err := database.InTx(ctx, db, func(tx *gorm.DB) error {
			tables, err := parentsFirst(tx)
			if err != nil {
				return err
			}
			if s.dumps[i].query, err = dumpQuery(tx, tables); err != nil {
				return err
			}
			var empty, fill []string
			for _, t := range tables {
				if err := tx.Exec(fmt.Sprintf(`CREATE TEMP TABLE "snapshot_%s" AS SELECT * FROM main."%s"`, t, t)).Error; err != nil {
					return err
				}
				empty = append(empty, fmt.Sprintf(`DELETE FROM main."%s"`, t))
				fill = append(fill, fmt.Sprintf(`INSERT INTO main."%s" SELECT * FROM temp."snapshot_%s"`, t, t))
			}
			slices.Reverse(empty)
			s.resets[i] = append(empty, fill...)
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Reset restores the snapshot, much faster than new databases could be made.
func (s *Shop) Reset(ctx context.Context) error {
	s.Refusals = Refusals{}
	for i, db := range s.databases {
		p, ok := db.ConnPool.(*prepared)
		if ok && s.dumps[i].reset == p.writes {
			continue // not written since
		}
		err := database.InTx(ctx, db, func(tx *gorm.DB) error {
			for _, statement := range s.resets[i] {
				// Not by GORM's Exec, which would look for variables in the
				// statement.
				if _, err := tx.Statement.ConnPool.ExecContext(ctx, statement); err != nil {
					return fmt.Errorf("%s: %w", statement, err)
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		if ok {
			s.dumps[i].reset = p.writes
		}
	}
	return nil
}

// parentsFirst returns the tables that have rows, each after the tables that it
// refers to. (Deferring foreign keys would need no order, but the pragma for that
// makes SQLite prepare every statement again.)
func parentsFirst(tx *gorm.DB) ([]string, error) {
	var all []string
	err := tx.Raw(`SELECT name FROM main.sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'goose_%'`).
		Scan(&all).Error
	if err != nil {
		return nil, err
	}
	parents := map[string][]string{}
	for _, t := range all {
		var refers []string
		if err := tx.Raw(`SELECT DISTINCT "table" FROM pragma_foreign_key_list(?) WHERE "table" <> ?`, t, t).Scan(&refers).Error; err != nil {
			return nil, err
		}
		parents[t] = refers
	}
	var ordered []string
	placed := func(t string) bool { return slices.Contains(ordered, t) }
	for len(ordered) < len(all) {
		before := len(ordered)
		for _, t := range all {
			if !placed(t) && !slices.ContainsFunc(parents[t], func(p string) bool { return !placed(p) }) {
				ordered = append(ordered, t)
			}
		}
		if len(ordered) == before {
			return nil, errors.New("tables refer to each other in a circle")
		}
	}
	return ordered, nil
}

// SellOut takes a SKU out of stock, as a correction after a count.
func (s *Shop) SellOut(ctx context.Context, sku string) error {
	all, err := s.Inventory.Stock(ctx, sku)
	if err != nil {
		return err
	}
	for _, at := range all {
		if at.Available > 0 {
			_, _, err = s.Inventory.Adjust(ctx, inventory.Adjustment{
				SKU: sku, Warehouse: at.Warehouse, Units: -at.Available, Reason: "none left on the shelf", By: "shoptest",
			})
		}
	}
	return err
}
