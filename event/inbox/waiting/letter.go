package waiting

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/amends/amends/event"
	"github.com/amends/amends/event/inbox/values"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga/barrier/txn"
)

// State is that of a letter.
type State string

// The states. The last two are final.
const (
	// Waiting letters are tried again.
	Waiting State = "waiting"
	// Parked letters failed by a bug: dead letters, which an operator redrives or
	// discards. Later events of their key wait behind them.
	Parked State = "parked"
	// Handled letters have had their effect.
	Handled State = "handled"
	// Discarded letters were given up by an operator.
	Discarded State = "discarded"
)

// Letter is an event that a group could not handle at once.
type Letter struct {
	// Position orders the letters of a database by arrival.
	Position int64  `json:"position"   gorm:"primaryKey;autoIncrement"`
	Group    string `json:"group"      gorm:"column:group_name"`
	// Key orders events; that of a message that is no event is its own.
	Key   string `json:"key"        gorm:"column:event_key"`
	ID    string `json:"id"         gorm:"column:event_id"`
	Type  string `json:"type"`
	Topic string `json:"topic"`
	// Header and Data are those of the message.
	Header map[string]string `json:"header"     gorm:"serializer:json"`
	Data   Data              `json:"data"`
	// Urgent letters are handled before the others of their key.
	Urgent   bool  `json:"urgent"`
	State    State `json:"state"`
	Attempts int64 `json:"attempts"`
	// NextAt is the time of the next attempt, nil behind another letter of the key and
	// for letters that are not waiting.
	NextAt *time.Time `json:"next_at,omitempty"`
	// Kind, Code and Message are those of the last failure, empty for none.
	Kind    fault.Kind `json:"kind,omitempty"`
	Code    fault.Code `json:"code,omitempty"`
	Message string     `json:"message,omitempty"`
	// Since is the time of its arrival here, TriedAt of its last attempt, FlaggedAt of
	// the attempt since which it needs an operator, SettledAt of its end.
	Since     time.Time  `json:"since"`
	TriedAt   *time.Time `json:"tried_at,omitempty"`
	FlaggedAt *time.Time `json:"flagged_at,omitempty"`
	SettledAt *time.Time `json:"settled_at,omitempty"`
}

// Data is that of an event.
type Data []byte

// MarshalJSON returns JSON as it is, and anything else as base64.
func (d Data) MarshalJSON() ([]byte, error) {
	if json.Valid(d) {
		return d, nil
	}
	return json.Marshal([]byte(d)) //nolint:wrapcheck // bytes are JSON
}

// TableName is the table of letters.
func (Letter) TableName() string { return "waiting" }

// Original returns the event as it came from the bus.
func (l Letter) Original() event.Message {
	return event.Message{ID: l.ID, Topic: l.Topic, Key: l.Key, Header: l.Header, Data: l.Data}
}

// Put adds letters of one group in their order, behind those of their keys. A letter
// whose id the group knows, also a settled one, is left as it is. The caller holds the
// group's [lease.Lock].
func Put(tx *gorm.DB, letters []Letter) error {
	const chunk = 100 // of 19 values each; SQLite takes 32,766
	if len(letters) == 0 {
		return nil
	}
	letters = slices.Clone(letters) // their positions are set, in every attempt of tx
	onConflict := clause.OnConflict{Columns: []clause.Column{{Name: "group_name"}, {Name: "event_id"}}, DoNothing: true}
	if err := tx.Clauses(onConflict).CreateInBatches(letters, chunk).Error; err != nil {
		return fmt.Errorf("put letters: %w", err)
	}
	keys := make([]string, len(letters))
	for i, l := range letters {
		keys[i] = l.Key
	}
	return rank(tx, letters[0].Group, keys)
}

// rank gives the head of each key a time for its attempt, unless it has one or is
// parked, and takes it from the others. An urgent letter may have overtaken the head.
func rank(tx *gorm.DB, group string, keys []string) error {
	heads := "(SELECT (SELECT h.position FROM waiting h WHERE h.group_name = ? AND h.event_key = value AND h.settled_at IS NULL " +
		"ORDER BY h.urgent DESC, h.position LIMIT 1) FROM " + values.List(tx) + ")"
	all := values.Encode(keys)
	err := tx.Exec("UPDATE waiting SET next_at = NULL WHERE next_at IS NOT NULL AND group_name = ? AND event_key IN (SELECT value FROM "+values.List(tx)+
		") AND position NOT IN (SELECT position FROM waiting WHERE position IN "+heads+")", group, all, group, all).Error
	if err != nil {
		return fmt.Errorf("rank letters: %w", err)
	}
	err = tx.Exec("UPDATE waiting SET next_at = ? WHERE next_at IS NULL AND state = 'waiting' AND position IN "+heads, txn.Now(), group, all).Error
	if err != nil {
		return fmt.Errorf("rank letters: %w", err)
	}
	return nil
}

// Known returns which of the ids the group has or had letters of, and which of the keys it
// has letters of that are not settled. It is one statement: a listener needs both for every
// batch, and mostly finds none.
func Known(db *gorm.DB, group string, ids, keys []string) (known, blocked map[string]bool, err error) {
	all, err := values.Set(db.Raw("SELECT 'i' || event_id FROM waiting WHERE group_name = ? AND event_id IN (SELECT value FROM "+values.List(db)+
		") UNION ALL SELECT 'k' || value FROM "+values.List(db)+
		" WHERE EXISTS (SELECT 1 FROM waiting WHERE group_name = ? AND event_key = value AND settled_at IS NULL)",
		group, values.Encode(ids), values.Encode(keys), group))
	known, blocked = map[string]bool{}, map[string]bool{}
	for v := range all {
		if id, ok := strings.CutPrefix(v, "i"); ok {
			known[id] = true
		} else {
			blocked[v[1:]] = true
		}
	}
	return known, blocked, err
}

// Due returns the keys whose head is due, the longest due ones first, without those in
// busy; and the time when the next one will be, the zero time if it finds none.
func Due(db *gorm.DB, group string, now time.Time, busy []string, limit int) (keys []string, next time.Time, err error) {
	var heads []Letter
	err = db.Select("event_key", "next_at").Where("group_name = ? AND next_at IS NOT NULL AND event_key NOT IN (SELECT value FROM "+values.List(db)+")", group, values.Encode(busy)).
		Order("next_at").Limit(limit).Find(&heads).Error
	if err != nil {
		return nil, next, fmt.Errorf("find due letters: %w", err)
	}
	for _, l := range heads {
		if l.NextAt.After(now) {
			return keys, *l.NextAt, nil
		}
		keys = append(keys, l.Key)
	}
	return keys, next, nil
}

// Head returns the letter of the key that is next, and false if there is none.
func Head(db *gorm.DB, group, key string) (l Letter, ok bool, err error) {
	return first(db.Where("group_name = ? AND event_key = ? AND settled_at IS NULL", group, key).Order("urgent DESC, position"))
}

// Find returns the letter of the event, and false if there is none.
func Find(db *gorm.DB, group, id string) (l Letter, ok bool, err error) {
	return first(db.Where("group_name = ? AND event_id = ?", group, id))
}

// Settle writes a letter after an attempt or a decision: its state, attempts, times and
// failure. It reports false, and changes nothing, if the letter has been settled
// meanwhile. The caller holds the group's [lease.Lock].
func Settle(tx *gorm.DB, l Letter) (bool, error) {
	r := tx.Model(&Letter{}).Where("position = ? AND settled_at IS NULL", l.Position).
		Select("State", "Attempts", "NextAt", "Kind", "Code", "Message", "TriedAt", "FlaggedAt", "SettledAt").Updates(l)
	if r.Error != nil {
		return false, fmt.Errorf("settle a letter: %w", r.Error)
	}
	return r.RowsAffected == 1, rank(tx, l.Group, []string{l.Key})
}

// Forget deletes letters and ids in the inbox that are older than the given time, at
// most limit of each. It reports whether there may be more.
func Forget(db *gorm.DB, before time.Time, limit int) (more bool, err error) {
	letters := db.Exec("DELETE FROM waiting WHERE position IN (SELECT position FROM waiting WHERE settled_at < ? ORDER BY settled_at LIMIT ?)", before, limit)
	ids := db.Exec("DELETE FROM inbox WHERE (group_name, event_id) IN (SELECT group_name, event_id FROM inbox WHERE at < ? ORDER BY at LIMIT ?)", before, limit)
	if err := errors.Join(letters.Error, ids.Error); err != nil {
		return false, fmt.Errorf("forget settled events: %w", err)
	}
	return max(letters.RowsAffected, ids.RowsAffected) == int64(limit), nil
}

func first(query *gorm.DB) (l Letter, ok bool, err error) {
	var all []Letter
	if err := query.Limit(1).Find(&all).Error; err != nil {
		return l, false, fmt.Errorf("read a letter: %w", err)
	}
	if len(all) == 0 {
		return l, false, nil
	}
	return all[0], true, nil
}
