package waiting

import (
	"context"
	"fmt"
)

// maxPage bounds the letters of one page.
const maxPage = 1000

// Query selects letters that are not settled.
type Query struct {
	Group, Key string // empty: any
	State      State  // Waiting or Parked; empty: both
	After      int64  // the cursor: letters behind this position
	Limit      int    // of letters; 0 is 100, and 1,000 is the most
}

// Page has letters in the order of their arrival.
type Page struct {
	Letters []Letter `json:"letters"`
	// Next is the cursor of the next page, 0 on the last one.
	Next int64 `json:"next,omitempty"`
}

// List returns a page of the letters that are not settled.
func (d *Desk) List(ctx context.Context, q Query) (p Page, err error) {
	if q.Limit <= 0 {
		q.Limit = 100
	}
	q.Limit = min(q.Limit, maxPage)
	query := d.db.WithContext(ctx).Where("settled_at IS NULL AND position > ?", q.After)
	for column, value := range map[string]string{"group_name": q.Group, "event_key": q.Key, "state": string(q.State)} {
		if value != "" {
			query = query.Where(column+" = ?", value)
		}
	}
	if err := query.Order("position").Limit(q.Limit + 1).Find(&p.Letters).Error; err != nil {
		return p, fmt.Errorf("list letters: %w", err)
	}
	if len(p.Letters) > q.Limit {
		p.Letters = p.Letters[:q.Limit]
		p.Next = p.Letters[q.Limit-1].Position
	}
	return p, nil
}

// Decision is one decision of an operator about an event, and its effect.
type Decision struct {
	Redrive
	Item Item `json:"item"`
}

// History has everything that a database knows of an event.
type History struct {
	// Letters has one of each group in which the event waits or has waited, for as long
	// as settled letters are kept.
	Letters []Letter `json:"letters"`
	// Decisions are those of operators, the oldest first.
	Decisions []Decision `json:"decisions"`
}

// Show returns the history of an event.
func (d *Desk) Show(ctx context.Context, id string) (h History, err error) {
	db := d.db.WithContext(ctx)
	if err := db.Where("event_id = ?", id).Order("group_name").Find(&h.Letters).Error; err != nil {
		return h, fmt.Errorf("show event %s: %w", id, err)
	}
	var items []Item
	if err := db.Where("event_id = ?", id).Find(&items).Error; err != nil {
		return h, fmt.Errorf("show event %s: %w", id, err)
	}
	ids := make([]string, len(items))
	of := map[string]Item{}
	for i, item := range items {
		ids[i], of[item.RedriveID] = item.RedriveID, item
	}
	var redrives []Redrive
	if err := db.Where("id IN ?", ids).Order("created_at, id").Find(&redrives).Error; err != nil {
		return h, fmt.Errorf("show event %s: %w", id, err)
	}
	for _, r := range redrives {
		h.Decisions = append(h.Decisions, Decision{r, of[r.ID]})
	}
	return h, nil
}
