// Package store keeps the user service's rows and implements its contract, one package for
// each part of it. A method that writes is one transaction; passwords are hashed outside
// of it.
package store

import (
	"cmp"
	"embed"
	"time"

	"github.com/alexedwards/argon2id"
	"gorm.io/gorm"

	"github.com/amends/amends/event/outbox"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/saga/barrier"
	"github.com/amends/amends/services/user"
	"github.com/amends/amends/services/user/password"
	"github.com/amends/amends/services/user/secret"
	"github.com/amends/amends/services/user/store/entry"
	"github.com/amends/amends/services/user/store/gate"
	"github.com/amends/amends/services/user/store/imports"
	"github.com/amends/amends/services/user/store/own"
	"github.com/amends/amends/services/user/store/rows"
	"github.com/amends/amends/services/user/store/signing"
	"github.com/amends/amends/services/user/store/staff"
)

//go:embed migrations/*.sql
var files embed.FS

// Schema is that of the user service's database.
var Schema = database.Schema{barrier.Migrations, database.Migrations(files), database.Set(outbox.Name, outbox.Migrations)}

// Options of a [Store].
type Options struct {
	// Secret is the service's: at least [secret.Least] bytes that are not in the database.
	Secret string
	// Orders answers whether an account may be erased; nil: no answer can be had.
	Orders user.Orders
	// Policy is that of new hashes; zero: [password.DefaultPolicy].
	Policy argon2id.Params
	// Now is the clock; nil: the host's.
	Now func() time.Time
}

// Store implements [user.Service] on a database of its own.
type Store struct {
	*entry.Entry
	*own.Own
	*staff.Staff
	*gate.Gate
	*imports.Imports
}

var _ user.Service = (*Store)(nil)

// New returns a store on db, which must be migrated to [Schema]. A process has one for a
// database: it bounds the hashes that are made at a time. It fails without a secret.
func New(db *gorm.DB, o Options) (*Store, error) {
	derived, err := secret.Derive(o.Secret)
	if err != nil {
		return nil, fault.Wrap(err, fault.Bug, fault.Invalid, "the secret of the user service is missing or too short")
	}
	hasher, err := password.New(cmp.Or(o.Policy, password.DefaultPolicy()))
	if err != nil {
		return nil, err //nolint:wrapcheck // it names the operation
	}
	ring, err := signing.New(db, derived.Seal())
	if err != nil {
		return nil, err //nolint:wrapcheck // the same
	}
	b := &rows.Base{DB: db, Derived: derived, Hasher: hasher, Signing: ring, Clock: o.Now}
	if b.Clock == nil {
		b.Clock = database.Now
	}
	return &Store{entry.New(b), own.New(b, o.Orders), staff.New(b), gate.New(b), imports.New(b)}, nil
}
