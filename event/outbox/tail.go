package outbox

import (
	"context"
	"errors"
	"fmt"

	"gorm.io/gorm"

	"github.com/amends/amends/event"
	"github.com/amends/amends/saga/barrier/txn"
)

// tailPage is how many rows are read at once on the way back.
const tailPage = 100

// checkTail has the rows published again that the broker has confirmed and lost. Other
// relays may have published since, so the broker's positions may be taken by their
// messages. It walks back from the broker's last position to the first row that the
// broker has: whatever is behind a lost message was lost with it.
func (r *Relay) checkTail(ctx context.Context) error {
	tail, ok := r.bus.(event.Tail)
	if !ok || r.checked && !r.cut() {
		return nil
	}
	epoch := tail.Epoch()
	held, lost, err := r.lastHeld(ctx, tail)
	if err != nil {
		return err
	}
	if lost > 0 {
		r.o.Logger.Warn("the broker has lost events, which are published again", "service", r.o.Service, "events", lost)
		err := txn.Retry(ctx, r.db, func(db *gorm.DB) error {
			return db.Exec("UPDATE outbox SET published_at = NULL, seq = NULL WHERE seq > ?", held).Error
		})
		if err != nil {
			return fmt.Errorf("publish again: %w", err)
		}
	}
	r.checked, r.epoch = true, epoch
	return nil
}

// cut reports whether the connection was lost since the tail was checked. A message that
// is stored behind a lost one would hide the loss.
func (r *Relay) cut() bool {
	tail, ok := r.bus.(event.Tail)
	return ok && tail.Epoch() != r.epoch
}

// errCut ends a round in which the connection was lost and came back. The next one checks
// the tail first.
var errCut = errors.New("the broker's connection was lost meanwhile")

// lastHeld returns the largest position of a row that the broker has, 0 for none, and
// the number of rows behind it.
func (r *Relay) lastHeld(ctx context.Context, tail event.Tail) (held, lost int64, err error) {
	last, err := tail.Last(ctx)
	if err != nil {
		return 0, 0, fmt.Errorf("compare the broker's tail: %w", err)
	}
	before := int64(last) + 1 //nolint:gosec // positions fit
	if err := r.db.WithContext(ctx).Table("outbox").Where("seq >= ?", before).Count(&lost).Error; err != nil {
		return 0, 0, fmt.Errorf("count the outbox: %w", err)
	}
	for {
		var rows []row
		err := r.db.WithContext(ctx).Table("outbox").Select("event_id", "seq").
			Where("seq < ?", before).Order("seq DESC").Limit(tailPage).Find(&rows).Error
		if err != nil {
			return 0, 0, fmt.Errorf("read the outbox: %w", err)
		}
		for _, row := range rows {
			holds, err := tail.Holds(ctx, uint64(*row.Seq), row.EventID) //nolint:gosec // positions fit, and are not negative
			if err != nil {
				return 0, 0, fmt.Errorf("compare the broker's tail: %w", err)
			}
			if holds {
				return *row.Seq, lost, nil
			}
			lost++
			before = *row.Seq
		}
		if len(rows) < tailPage {
			return 0, lost, nil
		}
	}
}
