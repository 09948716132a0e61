package outbox

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"
)

// pending selects the rows that wait, buried those that the broker has refused for good.
const (
	pending = "published_at IS NULL AND dead_at IS NULL"
	buried  = "dead_at IS NOT NULL"
)

// Standing has the events of an outbox that the broker does not have.
type Standing struct {
	Waiting, Dead Lot
}

// Lot is a set of events.
type Lot struct {
	// N is their number; the rest is of the oldest of them, zero for none.
	N int64
	// Oldest is when it was told, in UTC.
	Oldest time.Time
	// Reason is why the broker has refused it, empty if it waits.
	Reason string
}

// Stand returns how an outbox stands. The index of the pending rows has those that wait,
// and dead ones are few.
func Stand(ctx context.Context, db *gorm.DB) (s Standing, err error) {
	if s.Waiting, err = lot(ctx, db, pending); err == nil {
		s.Dead, err = lot(ctx, db, buried)
	}
	return s, err
}

func lot(ctx context.Context, db *gorm.DB, where string) (l Lot, err error) {
	rows := db.WithContext(ctx).Table("outbox").Where(where).Session(&gorm.Session{})
	var oldest []struct {
		At    time.Time
		Error string
	}
	if err := rows.Select("at", "error").Order("id").Limit(1).Find(&oldest).Error; err != nil {
		return l, fmt.Errorf("read the outbox: %w", err)
	}
	if len(oldest) == 0 {
		return l, nil
	}
	if err := rows.Count(&l.N).Error; err != nil {
		return l, fmt.Errorf("count the outbox: %w", err)
	}
	if l.N > 0 { // else they were published since
		l.Oldest, l.Reason = oldest[0].At.UTC(), oldest[0].Error
	}
	return l, nil
}

// measure reports how the outbox stands.
func (r *Relay) measure(ctx context.Context) error {
	s, err := Stand(ctx, r.db)
	if err != nil {
		return err
	}
	age := time.Duration(0)
	if !s.Waiting.Oldest.IsZero() {
		age = max(0, time.Since(s.Waiting.Oldest))
	}
	r.o.Observer.Waiting(s.Waiting.N, age, s.Dead.N)
	return nil
}
