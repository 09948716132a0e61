package database

import (
	"context"
	"time"

	"gorm.io/gorm"

	"github.com/amends/amends/saga/barrier/txn"
)

// Now returns the present as both databases store it: UTC, in whole microseconds.
func Now() time.Time { return txn.Now() }

// InTx runs f in one transaction and commits it, as [txn.Run] does (retries
// included), and returns its error as [Fault] maps it.
func InTx(ctx context.Context, db *gorm.DB, f func(tx *gorm.DB) error) error {
	return Fault(txn.Run(ctx, db, f))
}

// Queue returns tx for one statement that must write exactly n rows and whose
// answer no caller waits for, see [txn.Queue].
//
//nolint:contextcheck,nolintlint // tx has the context of its transaction; contextcheck reads this for the callers
func Queue(tx *gorm.DB, n int64) *gorm.DB { return txn.Queue(tx, n) }

// Retry runs f without a transaction, as [txn.Retry] does, and returns its error
// as [Fault] maps it.
func Retry(ctx context.Context, db *gorm.DB, f func(db *gorm.DB) error) error {
	return Fault(txn.Retry(ctx, db, f))
}
