// Package answer has the answers of followers to the doctor's questions: services that take
// no steps, see [activities.PassOn].
package answer

import (
	"context"
	"time"

	"github.com/amends/amends/activities"
	"github.com/amends/amends/event/implied"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/saga/audit"
	"github.com/amends/amends/saga/audit/remote"
	"github.com/amends/amends/services/query/store/compare"
	"github.com/amends/amends/worker/rebuild"
)

// overdue is how long a message to a customer may wait for its channel.
const overdue = 10 * time.Minute

// Copies answers for a read model, whose owners it asks.
func Copies(store *compare.Store, owners map[string]implied.Source) remote.Questions {
	q := remote.Questions{}
	remote.Add(q, activities.AuditCopies.Name, store.Orders)
	goods := rebuild.NewGoods(store, owners)
	remote.Add(q, activities.AuditGoods.Name, func(ctx context.Context, w audit.Whole) ([]string, error) {
		return goods.Differ(ctx, w.Pause)
	})
	return q
}

// Mails answers for a service that tells customers: by its messages about orders, by those
// that have waited since before a time, and by the orders with new ones.
func Mails[Page any](
	about func(context.Context, audit.Range) (Page, error), waiting func(context.Context, time.Time) ([]string, error),
	changed func(context.Context, audit.Window) (audit.Changed, error),
) remote.Questions {
	q := remote.Questions{}
	remote.Add(q, activities.AuditMails.Name, about)
	remote.Add(q, activities.AuditWaiting.Name, func(ctx context.Context, _ audit.Whole) ([]string, error) {
		return waiting(ctx, database.Now().Add(-overdue))
	})
	remote.Add(q, activities.AuditChanged(activities.AuditMails.Service).Name, changed)
	return q
}
