package shoptest

import (
	"context"
	"fmt"

	"gorm.io/gorm"

	"github.com/amends/amends/internal/database"
)

// Snapshot keeps what the shop's databases hold now, for [Shop.Reset]. Only on
// SQLite.
func (s *Shop) Snapshot(ctx context.Context) error {
	return s.everyTable(ctx, func(tx *gorm.DB, table string) error {
		return tx.Exec(fmt.Sprintf(`CREATE TEMP TABLE "snapshot_%s" AS SELECT * FROM main."%s"`, table, table)).Error
	})
}

// Reset brings the databases back to the snapshot, which is much faster than
// new ones.
func (s *Shop) Reset(ctx context.Context) error {
	return s.everyTable(ctx, func(tx *gorm.DB, table string) error {
		if err := tx.Exec(fmt.Sprintf(`DELETE FROM main."%s"`, table)).Error; err != nil {
			return err
		}
		return tx.Exec(fmt.Sprintf(`INSERT INTO main."%s" SELECT * FROM temp."snapshot_%s"`, table, table)).Error
	})
}

// everyTable calls f for each table that has data, in one transaction per
// database in which foreign keys are looked at only in the end.
func (s *Shop) everyTable(ctx context.Context, f func(tx *gorm.DB, table string) error) error {
	for _, db := range s.databases {
		err := database.InTx(ctx, db, func(tx *gorm.DB) error {
			if err := tx.Exec("PRAGMA defer_foreign_keys = ON").Error; err != nil {
				return err
			}
			var tables []string
			err := tx.Raw(`SELECT name FROM main.sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'goose_%'`).
				Scan(&tables).Error
			if err != nil {
				return err
			}
			for _, t := range tables {
				if err := f(tx, t); err != nil {
					return fmt.Errorf("table %s: %w", t, err)
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// SellOut makes a SKU go out of stock, as if it had been delivered less.
func (s *Shop) SellOut(ctx context.Context, sku string) error {
	return database.Fault(s.stock.WithContext(ctx).
		Exec("UPDATE stock SET received = received - available, available = 0 WHERE sku = ?", sku).Error)
}
