// Package simulator is a carrier that moves nothing: it keeps its own book in
// its own database, durable and transactional as a carrier's would be, so that
// what it believes and what the shipping service believes can be compared row by
// row, and it misbehaves when a postal code asks it to.
package simulator

import (
	"embed"
	"time"

	"gorm.io/gorm"

	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/services/shipping/carrier"
)

// Name is the carrier's name in its bookings.
const Name = "simulator"

// Postal codes that switch a behaviour on.
const (
	// PostalUndeliverable is an address that Book refuses.
	PostalUndeliverable = "00000"
	// PostalLostReply is an address that Book books, but the first reply under a
	// key never comes: the call hangs until its context ends, or Options.MaxHang.
	// The book remembers that it was lost, so a restart does not lose it again.
	PostalLostReply = "99999"
)

//go:embed migrations/*.sql
var files embed.FS

// Schema is that of the book's database.
var Schema = database.Schema{database.Migrations(files)}

// Options are what may be set of a [Simulator].
type Options struct {
	// MaxHang is how long a lost reply hangs at most, for callers whose context
	// has no end. 0 means the default, 1 minute.
	MaxHang time.Duration
}

// Simulator implements [carrier.Carrier]. It may be used by many goroutines, and
// by several processes on one database.
type Simulator struct {
	db      *gorm.DB
	maxHang time.Duration
}

var _ carrier.Carrier = (*Simulator)(nil)

// New returns a carrier whose book is db, which must be migrated to [Schema].
func New(db *gorm.DB, o Options) *Simulator {
	if o.MaxHang <= 0 {
		o.MaxHang = time.Minute
	}
	return &Simulator{db: db, maxHang: o.MaxHang}
}
