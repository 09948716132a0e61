package store

import (
	"context"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/saga/audit"
	"github.com/amends/amends/saga/barrier/pages"
	"github.com/amends/amends/services/notification"
	notificationaudit "github.com/amends/amends/services/notification/audit"
)

// settling is how long after its beginning the service is not judged by: processes of a
// release that told nothing may have run on, and clocks differ.
const settling = time.Hour

// Audit returns the messages about the orders of r, at most r.Limit orders (of a list: all).
func (s *Store) Audit(ctx context.Context, r audit.Range) (notificationaudit.Page, error) {
	page, err := s.audit(ctx, r)
	return page, database.Fault(err)
}

func (s *Store) audit(ctx context.Context, r audit.Range) (page notificationaudit.Page, err error) {
	var since []time.Time
	if err := s.db.WithContext(ctx).Table("deliveries_since").Pluck("at", &since).Error; err != nil {
		return page, fmt.Errorf("read the beginning: %w", err)
	}
	page.Since = s.now().Add(math.MaxInt64) // without a row nothing is known to be complete
	for _, at := range since {
		page.Since = at.UTC().Add(settling)
	}
	q := pages.Within(s.db.WithContext(ctx).Where("kind IN ?", notification.AboutOrders), "subject", r)
	if len(r.Sagas) == 0 && r.Limit > 0 {
		q = q.Limit(perOrder * r.Limit)
	}
	var found []row
	err = q.Select("id, kind, subject, occurrence, channel, recipient, state, created_at").Order("subject, created_at, id").Find(&found).Error
	if err != nil {
		return page, fmt.Errorf("read deliveries: %w", err)
	}
	full := len(r.Sagas) == 0 && r.Limit > 0 && len(found) == perOrder*r.Limit
	for _, d := range found {
		n := len(page.Facts)
		if n == 0 || page.Facts[n-1].Saga != d.Subject {
			page.Facts = append(page.Facts, notificationaudit.Fact{Saga: d.Subject, Since: d.CreatedAt.UTC()})
			n++
		}
		f := &page.Facts[n-1]
		f.Mails = append(f.Mails, notificationaudit.Mail{
			ID: d.ID, Kind: d.Kind, Occurrence: d.Occurrence, Channel: d.Channel, Recipient: d.Recipient, State: d.State,
		})
	}
	if n := len(page.Facts); full && n > 1 {
		page.Facts, page.Next = page.Facts[:n-1], page.Facts[n-2].Saga // the last order may have more
	} else if full {
		id := page.Facts[0].Saga
		page, err = s.audit(ctx, audit.Range{Sagas: []string{id}})
		page.Next = id
	}
	return page, err
}

// perOrder is how many messages about an order are read, on the average.
const perOrder = 4

// Waiting describes the messages that have waited since before late, in one text or none.
func (s *Store) Waiting(ctx context.Context, late time.Time) ([]string, error) {
	n, err := s.Overdue(ctx, late)
	if err != nil || n == 0 {
		return nil, err
	}
	var oldest row
	err = s.db.WithContext(ctx).Where("state = ?", notification.Wanted).Order("created_at, id").Limit(1).Find(&oldest).Error
	if err != nil {
		return nil, database.Fault(fmt.Errorf("look for the oldest message: %w", err))
	}
	why := "no attempt has been made"
	if oldest.Reason != "" {
		why = "the last of its attempts failed with " + string(oldest.Reason)
	}
	return []string{fmt.Sprintf("%d messages wait; the oldest, %s by %s, since %s: %s",
		n, oldest.Kind, oldest.Channel, oldest.CreatedAt.UTC().Format(time.DateTime), why)}, nil
}

// changes selects the orders with new messages.
var changes = pages.Part{Table: "deliveries", Column: "subject", At: "created_at", Where: aboutOrders()}

// Changed returns the orders of w with new messages, at most w.Limit of them, by id.
func (s *Store) Changed(ctx context.Context, w audit.Window) (audit.Changed, error) {
	page, err := pages.Changed(ctx, s.db, w, changes)
	return page, database.Fault(err)
}

// aboutOrders is the condition of a message about an order.
func aboutOrders() string {
	kinds := make([]string, len(notification.AboutOrders))
	for i, k := range notification.AboutOrders {
		kinds[i] = "'" + string(k) + "'"
	}
	return "kind IN (" + strings.Join(kinds, ", ") + ")"
}
