// Package store keeps the payment service's payments, transfers, invoices and
// ledger in a database. Every step goes through [barrier], in the same
// transaction as its rows.
package store

import (
	"embed"

	"gorm.io/gorm"

	"github.com/amends/amends/event/outbox"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/saga/barrier"
)

//go:embed migrations/*.sql
var files embed.FS

// Schema is that of the payment service's database.
var Schema = database.Schema{barrier.Migrations, database.Migrations(files), database.Set(outbox.Name, outbox.Migrations)}

// Store implements [payment.Store] on a database of its own.
type Store struct{ db *gorm.DB }

// New returns a store on db, which must be migrated to [Schema].
func New(db *gorm.DB) *Store { return &Store{db: db} }
