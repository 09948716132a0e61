package compare

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"

	"github.com/amends/amends/event/outbox"
)

// Undelivered describes the events in the outbox of db that the broker does not get:
// those that wait, if one of them was told before the given time, and the dead ones.
func Undelivered(ctx context.Context, db *gorm.DB, before time.Time) (all []string, err error) {
	s, err := outbox.Stand(ctx, db)
	if err != nil {
		return nil, err //nolint:wrapcheck // it names the operation
	}
	if w := s.Waiting; w.N > 0 && w.Oldest.Before(before) {
		all = append(all, fmt.Sprintf("%d events wait for the broker, the oldest since %s", w.N, w.Oldest.Format(time.DateTime)))
	}
	if d := s.Dead; d.N > 0 {
		all = append(all, fmt.Sprintf("%d events are dead, the oldest since %s: %s", d.N, d.Oldest.Format(time.DateTime), d.Reason))
	}
	return all, nil
}
