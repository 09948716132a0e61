// Package simulator is a carrier for development and tests. Its records are in a
// database of its own, durable and transactional as a carrier's would be, so that
// they can be compared with the shipping service's row by row. Postal codes select
// faults.
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

// Postal codes that select a behaviour.
const (
	// PostalUndeliverable is an address that Book refuses.
	PostalUndeliverable = "00000"
	// PostalLostReply is an address that Book books, but the first reply under a key
	// never arrives: the call hangs until its context ends, or for Options.MaxHang.
	// The row records the lost reply, so a restart does not lose another one.
	PostalLostReply = "99999"
)

//go:embed migrations/*.sql
var files embed.FS

// Schema is that of the simulator's database.
var Schema = database.Schema{database.Migrations(files)}

// Options configure a [Simulator].
type Options struct {
	// MaxHang bounds a call without a reply, for callers whose context has no end. 0
	// means the default, 1 minute.
	MaxHang time.Duration
}

// Simulator implements [carrier.Carrier]. Many goroutines may use it, and several
// processes may work on one database.
type Simulator struct {
	db      *gorm.DB
	maxHang time.Duration
}

var _ carrier.Carrier = (*Simulator)(nil)

// New returns a carrier on db, which must be migrated to [Schema].
func New(db *gorm.DB, o Options) *Simulator {
	if o.MaxHang <= 0 {
		o.MaxHang = time.Minute
	}
	return &Simulator{db: db, maxHang: o.MaxHang}
}
