package waiting

import "gorm.io/gorm"

// Desk is where operators read and decide about the letters in one listener's database.
// Its methods may be called beside a running group, by any process.
type Desk struct {
	// Discarded is called in tx with each letter that is given up, as it was before; nil: it
	// concerns no other.
	Discarded func(tx *gorm.DB, before Letter) error

	db *gorm.DB
}

// NewDesk returns the desk of a database that is migrated to [Migrations].
func NewDesk(db *gorm.DB) *Desk { return &Desk{db: db} }
