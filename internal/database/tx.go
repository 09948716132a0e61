package database

import (
	"context"

	"gorm.io/gorm"

	"github.com/amends/amends/saga/barrier/txn"
)

// InTx runs f in one transaction and commits it, as [txn.Run] does (retries
// included), and returns its error as [Fault] maps it.
func InTx(ctx context.Context, db *gorm.DB, f func(tx *gorm.DB) error) error {
	return Fault(txn.Run(ctx, db, f))
}

// Alone runs f without a transaction, as [txn.Alone] does, and returns its error
// as [Fault] maps it.
func Alone(ctx context.Context, db *gorm.DB, f func(db *gorm.DB) error) error {
	return Fault(txn.Alone(ctx, db, f))
}
