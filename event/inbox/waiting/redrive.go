package waiting

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/amends/amends/event/lease"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/text"
	"github.com/amends/amends/saga/barrier/txn"
)

// DefaultRate is how many letters a redrive handles per second, once it has ramped up.
const DefaultRate = 50

// Selection names dead letters of a group: one by ID, those of a key, or all. Exactly
// one of ID, Key and All is set.
type Selection struct {
	Group, ID, Key string
	All            bool
}

// String returns the selection in words, without its group.
func (s Selection) String() string {
	switch {
	case s.ID != "":
		return "id " + s.ID
	case s.Key != "":
		return "key " + s.Key
	default:
		return "all"
	}
}

// Request is an operator's decision about dead letters.
type Request struct {
	Selection
	// Reason and Operator are kept for ever. They hold no personal data of customers.
	Reason, Operator string
	// Rate is the number of letters per second after the ramp; 0 is [DefaultRate].
	Rate int64
}

// Redrive is a decision that was recorded, and its effect.
type Redrive struct {
	ID        string     `json:"id"`
	Group     string     `json:"group"              gorm:"column:group_name"`
	Action    string     `json:"action"` // redrive, discard
	Selection string     `json:"selection"`
	Reason    string     `json:"reason"`
	Operator  string     `json:"operator"`
	Rate      int64      `json:"rate,omitempty"`
	State     string     `json:"state"` // running, done, stopped (at a failure)
	CreatedAt time.Time  `json:"created_at"`
	EndedAt   *time.Time `json:"ended_at,omitempty"`
}

// TableName is the table of decisions.
func (Redrive) TableName() string { return "redrive" }

// ramp is how many letters a redrive handles in its first steps; then its rate holds.
// A bug that was not mended fails few.
var ramp = []int64{1, 2, 5, 20}

// Allowed returns how many letters the redrive may handle in its nth step, from 0.
func (r Redrive) Allowed(step int) int64 {
	if step < len(ramp) {
		return min(ramp[step], r.Rate)
	}
	return r.Rate
}

// Item is one event of a redrive.
type Item struct {
	RedriveID   string     `json:"redrive_id"`
	Item        int64      `json:"item"`
	Key         string     `json:"key"                    gorm:"column:event_key"`
	EventID     string     `json:"event_id"`
	State       string     `json:"state"`            // requested, attempted, settled
	Result      string     `json:"result,omitempty"` // handled, failed, skipped, discarded
	Code        fault.Code `json:"code,omitempty"`
	AttemptedAt *time.Time `json:"attempted_at,omitempty"`
	SettledAt   *time.Time `json:"settled_at,omitempty"`
}

// TableName is the table of the items of decisions.
func (Item) TableName() string { return "redrive_item" }

// Redrive records that the dead letters that r selects now are to be handled
// again, in the order of their keys; the group's process does it. Letters that are
// parked later are not part of it. A business fault refuses it: INVALID for a request
// without a reason, an operator or one selection, NOT_FOUND if it selects no dead
// letter. A repeat is another redrive; a letter has one effect nevertheless.
func (d *Desk) Redrive(ctx context.Context, r Request) (done Redrive, n int64, err error) {
	if err := r.validate(); err != nil {
		return done, 0, err
	}
	if r.Rate == 0 {
		r.Rate = DefaultRate
	}
	err = lease.Change(d.db.WithContext(ctx), r.Group, lease.Anyone, func(tx *gorm.DB) error {
		done = r.record("redrive", "running")
		if err := tx.Create(&done).Error; err != nil {
			return fmt.Errorf("record a redrive: %w", err)
		}
		items := tx.Exec("INSERT INTO redrive_item (redrive_id, item, event_key, event_id, state, result, code) "+
			"SELECT ?, row_number() OVER (ORDER BY event_key, urgent DESC, position), event_key, event_id, 'requested', '', '' FROM waiting "+
			"WHERE group_name = ? AND state = 'parked' AND settled_at IS NULL AND (? = '' OR event_id = ?) AND (? = '' OR event_key = ?)",
			done.ID, r.Group, r.ID, r.ID, r.Key, r.Key)
		if items.Error != nil {
			return fmt.Errorf("select the letters of a redrive: %w", items.Error)
		}
		if n = items.RowsAffected; n == 0 {
			return fault.Errorf(fault.Business, fault.NotFound, "%s has no dead letter: %s", r.Group, r.Selection)
		}
		return nil
	})
	return done, n, err
}

// Discard gives up an event that waits or is parked: it will never be handled by the
// group, and the next event of its key is. The effect of an attempt that is under way
// may still happen. A business fault refuses it: INVALID for a request without a reason
// or an operator or with another selection than an ID, NOT_FOUND if the event does not
// wait.
func (d *Desk) Discard(ctx context.Context, r Request) (done Redrive, err error) {
	if r.ID == "" {
		return done, fault.Errorf(fault.Business, fault.Invalid, "events are discarded one by one, by id")
	}
	if err := r.validate(); err != nil {
		return done, err
	}
	err = lease.Change(d.db.WithContext(ctx), r.Group, lease.Anyone, func(tx *gorm.DB) error {
		l, ok, err := Find(tx, r.Group, r.ID)
		switch {
		case err != nil:
			return err
		case !ok || l.SettledAt != nil:
			return fault.Errorf(fault.Business, fault.NotFound, "event %s does not wait in %s", r.ID, r.Group)
		}
		if d.Discarded != nil {
			if err := d.Discarded(tx, l); err != nil {
				return err
			}
		}
		now := txn.Now()
		l.State, l.NextAt, l.SettledAt = Discarded, nil, &now
		if _, err := Settle(tx, l); err != nil {
			return err
		}
		done = r.record("discard", "done")
		done.EndedAt = &now
		if err := tx.Create(&done).Error; err != nil {
			return fmt.Errorf("record a discard: %w", err)
		}
		item := Item{
			RedriveID: done.ID, Item: 1, Key: l.Key, EventID: l.ID, State: "settled", Result: "discarded",
			Code: l.Code, AttemptedAt: &now, SettledAt: &now,
		}
		if err := tx.Create(&item).Error; err != nil {
			return fmt.Errorf("record a discard: %w", err)
		}
		return nil
	})
	return done, err
}

// validate returns why r cannot be recorded, as a business fault.
func (r Request) validate() error {
	selections := 0
	for _, given := range []bool{r.ID != "", r.Key != "", r.All} {
		if given {
			selections++
		}
	}
	switch {
	case r.Group == "" || selections != 1:
		return fault.Errorf(fault.Business, fault.Invalid, "a group and one of id, key and all are needed")
	case text.IsCard(r.ID), text.IsCard(r.Key): // kept for ever, too; a key may be a SKU
		return fault.Errorf(fault.Business, fault.Invalid, "an id or a key %w", text.ErrCard)
	case text.Line(r.Reason) != nil:
		return fault.Errorf(fault.Business, fault.Invalid, "the reason %w", text.Line(r.Reason))
	case text.Line(r.Operator) != nil:
		return fault.Errorf(fault.Business, fault.Invalid, "the operator %w", text.Line(r.Operator))
	case r.Rate < 0:
		return fault.Errorf(fault.Business, fault.Invalid, "the rate must be above 0")
	}
	return nil
}

func (r Request) record(action, state string) Redrive {
	return Redrive{
		ID: "rdr_" + strings.ToLower(rand.Text()), Group: r.Group, Action: action, Selection: r.String(),
		Reason: r.Reason, Operator: r.Operator, Rate: r.Rate, State: state, CreatedAt: txn.Now(),
	}
}
