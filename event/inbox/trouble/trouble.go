// Package trouble decides which of a group's letters others hear of, and when.
package trouble

import (
	"fmt"

	"gorm.io/gorm"

	"github.com/amends/amends/event"
	"github.com/amends/amends/event/inbox/waiting"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga/barrier/txn"
)

// Report tells others in tx how an event stands that was not handled, and reports whether it
// has told any. To tell that one is broken handles it; otherwise it is parked. Nil tells
// none. A transaction that is tried again calls it again.
type Report func(tx *gorm.DB, e event.Event, t event.Trouble) (told bool, err error)

// Attempted tells in tx, which writes l, how a letter stands after an attempt, if that is
// news; before is the letter as it was, zero for a new one. It returns the letter that is to
// be written: l, or one that is handled because others know that it is broken. A message
// that is no event belongs to no saga, so none is told of it.
func (r Report) Attempted(tx *gorm.DB, before, l waiting.Letter) (waiting.Letter, error) {
	e, err := waiting.Read(l.Original())
	if r == nil || err != nil {
		return l, nil //nolint:nilerr // it is parked for that
	}
	if l.State == waiting.Parked && l.Kind == fault.Bug {
		told, err := r(tx, e, event.Trouble{State: event.Broken, Kind: l.Kind, Code: l.Code, Since: *l.TriedAt})
		if err != nil {
			return l, fmt.Errorf("report event %s: %w", l.ID, err)
		}
		if told {
			l.State, l.SettledAt, l.FlaggedAt = waiting.Handled, l.TriedAt, before.FlaggedAt
		}
	}
	if t, news := changed(before, l); news {
		if _, err := r(tx, e, t); err != nil {
			return l, fmt.Errorf("report event %s: %w", l.ID, err)
		}
	}
	return l, nil
}

// Discarded tells in tx that an operator gives a letter up, if others know that it is stuck.
func (r Report) Discarded(tx *gorm.DB, before waiting.Letter) error {
	l := before
	l.State, l.SettledAt = waiting.Discarded, new(txn.Now())
	_, err := r.Attempted(tx, before, l)
	return err
}

// changed returns how a letter stands for others, and reports whether that is news.
func changed(before, l waiting.Letter) (t event.Trouble, news bool) {
	t = event.Trouble{State: event.Stuck, Kind: l.Kind, Code: l.Code}
	switch {
	case l.FlaggedAt == nil:
		return t, false
	case l.SettledAt != nil:
		t.State, t.Since = event.Recovered, *l.SettledAt
		return t, before.FlaggedAt != nil
	}
	t.Since = *l.FlaggedAt
	return t, before.FlaggedAt == nil || before.Kind != l.Kind || before.Code != l.Code
}
