package waiting

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"

	"github.com/amends/amends/event"
)

// Standing is how a group stands.
type Standing struct {
	// Waiting counts the letters that wait, also those behind dead ones; Dead counts
	// the parked ones.
	Waiting, Dead int64
	// Oldest is when the oldest of both came, the zero time for none. Told is when that
	// one was told, which may be long before; of a message that is no event it is Oldest.
	Oldest, Told time.Time
}

// Warnings returns what operators should know, in words. Letters are late that came
// before the given time.
func (s Standing) Warnings(group string, late time.Time) (all []string) {
	if s.Dead > 0 {
		all = append(all, fmt.Sprintf("%s has %d dead letters, the oldest letter since %s: see `amends events dead --group %s`", group, s.Dead, s.Oldest.Format(time.DateTime), group))
	}
	if s.Dead == 0 && s.Waiting > 0 && s.Oldest.Before(late) {
		all = append(all, fmt.Sprintf("%s has %d events that wait, the oldest since %s: see `amends events waiting --group %s`", group, s.Waiting, s.Oldest.Format(time.DateTime), group))
	}
	return all
}

// Stand returns how a group stands.
func Stand(ctx context.Context, db *gorm.DB, group string) (s Standing, err error) {
	var rows []struct {
		State State
		N     int64
	}
	db = db.WithContext(ctx)
	err = db.Raw("SELECT state, count(*) AS n FROM waiting WHERE group_name = ? AND settled_at IS NULL GROUP BY state", group).Scan(&rows).Error
	if err != nil {
		return s, fmt.Errorf("count letters: %w", err)
	}
	for _, r := range rows {
		if r.State == Parked {
			s.Dead = r.N
		} else {
			s.Waiting = r.N
		}
	}
	if len(rows) > 0 {
		oldest, _, err := first(db.Where("group_name = ? AND settled_at IS NULL", group).Order("position"))
		if err != nil {
			return s, err
		}
		s.Oldest, s.Told = oldest.Since, oldest.Since
		if e, err := event.Decode(oldest.Original()); err == nil {
			s.Told = e.Time
		}
	}
	return s, nil
}

// Overdue returns the warnings of every group with letters in db, see [Standing.Warnings].
func Overdue(ctx context.Context, db *gorm.DB, late time.Time) (all []string, err error) {
	var groups []string
	err = db.WithContext(ctx).Raw("SELECT DISTINCT group_name FROM waiting WHERE settled_at IS NULL ORDER BY group_name").Scan(&groups).Error
	if err != nil {
		return nil, fmt.Errorf("list groups: %w", err)
	}
	for _, group := range groups {
		s, err := Stand(ctx, db, group)
		if err != nil {
			return nil, err
		}
		all = append(all, s.Warnings(group, late)...)
	}
	return all, nil
}
