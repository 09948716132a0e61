// Package store keeps the order service's rows: orders, their lines and their history.
// Every method writes in one transaction.
//
// The order's own row makes each step happen once (see package order). The barrier's
// table exists, as in every service's database, but no step of this service writes to
// it.
package store

import (
	"embed"

	"gorm.io/gorm"

	"github.com/amends/amends/event/outbox"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/saga/barrier"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/services/order/store/contacts"
	"github.com/amends/amends/services/order/store/erasure"
	"github.com/amends/amends/services/order/store/refunds"
	"github.com/amends/amends/services/order/store/repairs"
)

//go:embed migrations/*.sql
var files embed.FS

// Schema is that of the order service's database.
var Schema = database.Schema{barrier.Migrations, database.Migrations(files), database.Set(outbox.Name, outbox.Migrations)}

// Store implements [order.Service] on a database of its own.
type Store struct {
	*refunds.Book
	*repairs.Repairs
	*contactBook
	*erasureBook

	db *gorm.DB
}

// These are aliases, because a struct cannot embed two types of one name.
type (
	contactBook = contacts.Book
	erasureBook = erasure.Book
)

var _ order.Service = (*Store)(nil)

// New returns a store on db, which must be migrated to [Schema].
func New(db *gorm.DB) *Store {
	s := &Store{db: db}
	s.Book = refunds.NewBook(db, s.changeIn)
	s.contactBook = contacts.NewBook(db, s.Get)
	s.erasureBook = erasure.NewBook(db)
	s.Repairs = repairs.New(s.quietly, s.kept)
	return s
}
