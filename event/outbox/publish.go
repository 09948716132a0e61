package outbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"gorm.io/gorm"

	"github.com/amends/amends/event"
	"github.com/amends/amends/event/traced"
	"github.com/amends/amends/saga/barrier/txn"
)

// window is how many rows are read, and marked as published, at once.
const window = 500

// publish publishes the oldest rows that wait. It reports whether there may be more of those
// that were committed before: a later commit wakes the relay again.
func (r *Relay) publish(ctx context.Context) (more bool, err error) {
	var rows []row
	if err := r.db.WithContext(ctx).Table("outbox").Where(pending).Order("id").Limit(window).Find(&rows).Error; err != nil {
		return false, fmt.Errorf("read the outbox: %w", err)
	}
	if len(rows) == 0 {
		return false, nil
	}
	stored := map[string]uint64{} // positions by row
	dead, err := r.waves(ctx, rows, stored)
	// Those that are stored are marked even if another one failed, or the relay ends.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), farewell)
	defer cancel()
	if err := errors.Join(err, r.mark(ctx, stored), r.bury(ctx, dead)); err != nil {
		return false, err
	}
	return len(rows) == window, nil
}

// refusal is a row that the broker has refused for good.
type refusal struct {
	row row
	err error
}

// waves publishes rows, of each key one at a time: the first wave has the oldest of each
// key, the next one the second. So a message that fails is never behind its successor.
func (r *Relay) waves(ctx context.Context, rows []row, stored map[string]uint64) (dead []refusal, err error) {
	for len(rows) > 0 {
		if err := ctx.Err(); err != nil {
			return dead, err // the rest is another relay's
		}
		var wave, later []row
		inWave := map[string]bool{}
		for _, row := range rows {
			if inWave[row.Key] {
				later = append(later, row)
				continue
			}
			inWave[row.Key] = true
			wave = append(wave, row)
		}
		refused, err := r.send(ctx, wave, stored)
		dead = append(dead, refused...)
		if err != nil {
			return dead, err
		}
		rows = later
	}
	return dead, nil
}

// send publishes rows of different keys.
func (r *Relay) send(ctx context.Context, rows []row, stored map[string]uint64) (dead []refusal, err error) {
	for len(rows) > 0 {
		if r.cut() {
			return dead, errCut
		}
		batch := make([]event.Message, 0, len(rows))
		var broken error
		for _, row := range rows {
			m, err := row.message()
			if err != nil {
				broken = err
				break
			}
			batch = append(batch, m)
		}
		var positions []uint64
		if len(batch) > 0 {
			end := traced.Publish(ctx, r.o.Tracer, batch)
			positions, err = r.bus.Publish(ctx, batch)
			if end(len(positions), err); r.cut() {
				return dead, errCut // also those that are stored come again, behind the lost ones
			}
		}
		for i, position := range positions {
			stored[strconv.FormatInt(rows[i].ID, 10)] = position
		}
		switch {
		case err == nil && broken != nil:
			err = broken
		case err == nil:
			return dead, nil
		}
		if !refused(err) || len(positions) >= len(rows) {
			return dead, fmt.Errorf("publish: %w", err)
		}
		dead = append(dead, refusal{rows[len(positions)], err})
		rows = rows[len(positions)+1:]
	}
	return dead, nil
}

// mark records the positions of the rows that the broker has stored.
func (r *Relay) mark(ctx context.Context, stored map[string]uint64) error {
	if len(stored) == 0 {
		return nil
	}
	text, err := json.Marshal(stored)
	if err != nil {
		return fmt.Errorf("mark as published: %w", err)
	}
	each := map[string]string{"sqlite": "json_each(?)", "postgres": "json_each_text(CAST(? AS json))"}[r.db.Name()]
	err = txn.Retry(ctx, r.db, func(db *gorm.DB) error {
		return db.Exec("UPDATE outbox SET published_at = ?, seq = CAST(v.value AS bigint) FROM "+each+
			" AS v WHERE outbox.id = CAST(v.key AS bigint)", txn.Now(), string(text)).Error
	})
	if err != nil {
		return fmt.Errorf("mark as published: %w", err)
	}
	r.o.Observer.Published(len(stored))
	return nil
}

// bury records that rows will never be published, and why.
func (r *Relay) bury(ctx context.Context, dead []refusal) error {
	for _, d := range dead {
		r.o.Logger.Error("the broker refuses an event for good", "service", r.o.Service, "event", d.row.EventID,
			"type", d.row.Type, "key", d.row.Key, "error", d.err)
		reason := strings.ReplaceAll(strings.ToValidUTF8(d.err.Error(), ""), "\x00", "") // PostgreSQL keeps no other text
		err := txn.Retry(ctx, r.db, func(db *gorm.DB) error {
			return db.Exec("UPDATE outbox SET dead_at = ?, error = ? WHERE id = ?", txn.Now(), reason, d.row.ID).Error
		})
		if err != nil {
			return fmt.Errorf("mark as dead: %w", err)
		}
	}
	return nil
}
