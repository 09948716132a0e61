package database

import (
	"context"
	"math/rand/v2"

	"gorm.io/gorm"

	"github.com/amends/amends/fault"
)

// writable commits a write to db, which must be migrated, and returns a fault of kind
// transient if that fails. Only a commit proves it: a standby answers questions, a
// full disk begins transactions, and a primary without its synchronous standby carries
// them out but never commits. The row is one of goose, because every migrated database
// has its table. No reader sees the row, and no two probes wait for each other.
func writable(ctx context.Context, db *gorm.DB) error {
	err := InTx(ctx, db, func(tx *gorm.DB) error {
		id := -1 - rand.Int32N(1<<30) // goose's own are positive
		if err := tx.Exec("INSERT INTO goose_db_version (id, version_id, is_applied) VALUES (?, ?, ?)", id, id, false).Error; err != nil {
			return err
		}
		return tx.Exec("DELETE FROM goose_db_version WHERE id = ?", id).Error
	})
	if fault.KindOf(err) == fault.Transient && fault.CodeOf(err) == fault.Internal {
		return fault.Wrap(err, fault.Transient, fault.Unavailable, "the database cannot be written")
	}
	return err
}
