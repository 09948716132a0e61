package waiting

import "gorm.io/gorm"

// Desk is where operators read and decide about the letters in one listener's database.
// Its methods may be called beside a running group, by any process.
type Desk struct{ db *gorm.DB }

// NewDesk returns the desk of a database that is migrated to [Migrations].
func NewDesk(db *gorm.DB) *Desk { return &Desk{db} }
