package rows

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database"
)

// Head is the generation that answers, and how old its answers are.
type Head struct {
	Generation int64
	UpTo       *time.Time `gorm:"column:as_of"` // nil: not known yet
	Behind     int64
}

// AsOf returns the time of the head's answers in UTC, the zero time if it is not known.
func (h Head) AsOf() time.Time {
	if h.UpTo == nil {
		return time.Time{}
	}
	return h.UpTo.UTC()
}

// FindHead returns the generation that answers. It fails with UNAVAILABLE before the first
// one is loaded. A call that reads in several statements reads one generation, which stays
// complete after a switch.
func FindHead(ctx context.Context, db *gorm.DB) (Head, error) {
	var found []Head
	err := db.WithContext(ctx).Raw(`SELECT g.generation, s.as_of, s.behind FROM generations AS g, standing AS s WHERE g.state = 'current'`).Scan(&found).Error
	switch {
	case err != nil:
		return Head{}, database.Fault(fmt.Errorf("find the generation: %w", err))
	case len(found) == 0:
		return Head{}, fault.Errorf(fault.Transient, fault.Unavailable, "the read model has not been filled yet")
	}
	return found[0], nil
}
