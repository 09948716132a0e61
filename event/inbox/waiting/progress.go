package waiting

import (
	"context"
	"fmt"

	"gorm.io/gorm"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga/barrier/txn"
)

// Running returns the redrives of a group that have not ended, the oldest first.
func Running(db *gorm.DB, group string) (all []Redrive, err error) {
	if err := db.Where("group_name = ? AND ended_at IS NULL", group).Order("created_at, id").Find(&all).Error; err != nil {
		return nil, fmt.Errorf("read redrives: %w", err)
	}
	return all, nil
}

// NextItem returns the first item of a redrive that is not settled, and false if there
// is none or the redrive has ended: it may have been read as running before.
func NextItem(db *gorm.DB, redrive string) (i Item, ok bool, err error) {
	var all []Item
	open := db.Where("redrive_id = ? AND settled_at IS NULL AND EXISTS (SELECT 1 FROM redrive WHERE id = redrive_id AND ended_at IS NULL)", redrive)
	if err := open.Order("item").Limit(1).Find(&all).Error; err != nil {
		return i, false, fmt.Errorf("read a redrive: %w", err)
	}
	if len(all) == 0 {
		return i, false, nil
	}
	return all[0], true, nil
}

// Attempted records that the attempt of an item begins.
func Attempted(db *gorm.DB, i Item) error {
	err := db.Exec("UPDATE redrive_item SET state = 'attempted', attempted_at = ? WHERE redrive_id = ? AND item = ? AND settled_at IS NULL",
		txn.Now(), i.RedriveID, i.Item).Error
	if err != nil {
		return fmt.Errorf("record an attempt: %w", err)
	}
	return nil
}

// SettleItem records the result of an item: handled, failed, or skipped. A failure
// stops its redrive.
func SettleItem(tx *gorm.DB, i Item, result string, code fault.Code) error {
	err := tx.Exec("UPDATE redrive_item SET state = 'settled', result = ?, code = ?, settled_at = ? WHERE redrive_id = ? AND item = ? AND settled_at IS NULL",
		result, code, txn.Now(), i.RedriveID, i.Item).Error
	if err != nil {
		return fmt.Errorf("settle an item: %w", err)
	}
	if result == "failed" {
		return End(tx, i.RedriveID, "stopped")
	}
	return nil
}

// End ends a redrive as done or stopped. A repeat changes nothing.
func End(db *gorm.DB, redrive, state string) error {
	err := db.Exec("UPDATE redrive SET state = ?, ended_at = ? WHERE id = ? AND ended_at IS NULL", state, txn.Now(), redrive).Error
	if err != nil {
		return fmt.Errorf("end a redrive: %w", err)
	}
	return nil
}

// Progress is the state of a redrive and the number of its items by result; those
// without one yet are under "requested".
type Progress struct {
	Redrive
	Items map[string]int64 `json:"items"`
	// Failed is the event at which it stopped, empty for none.
	Failed string `json:"failed,omitempty"`
}

// Progress returns how far a redrive is. Its error is a business fault with code
// NOT_FOUND if there is no such redrive.
func (d *Desk) Progress(ctx context.Context, id string) (p Progress, err error) {
	db := d.db.WithContext(ctx)
	var found []Redrive
	if err := db.Where("id = ?", id).Find(&found).Error; err != nil {
		return p, fmt.Errorf("read a redrive: %w", err)
	}
	if len(found) == 0 {
		return p, fault.Errorf(fault.Business, fault.NotFound, "there is no redrive %s", id)
	}
	var counts []struct {
		Result string
		N      int64
	}
	if err := db.Raw("SELECT result, count(*) AS n FROM redrive_item WHERE redrive_id = ? GROUP BY result", id).Scan(&counts).Error; err != nil {
		return p, fmt.Errorf("read a redrive: %w", err)
	}
	p = Progress{Redrive: found[0], Items: map[string]int64{}}
	for _, c := range counts {
		if c.Result == "" {
			c.Result = "requested"
		}
		p.Items[c.Result] = c.N
	}
	err = db.Raw("SELECT coalesce(max(event_id), '') FROM redrive_item WHERE redrive_id = ? AND result = 'failed'", id).Scan(&p.Failed).Error
	if err != nil {
		return p, fmt.Errorf("read a redrive: %w", err)
	}
	return p, nil
}
