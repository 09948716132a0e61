package registry

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/amends/amends/activities"
	"github.com/amends/amends/event/inbox/waiting"
	"github.com/amends/amends/event/outbox/compare"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/saga/audit"
	"github.com/amends/amends/saga/audit/remote"
	notificationstore "github.com/amends/amends/services/notification/store"
	copies "github.com/amends/amends/services/query/store/compare"
	"github.com/amends/amends/worker/rebuild"
)

// overdue is how long an event may wait: for the broker, or for a listener; and a message
// to a customer, for its channel.
const overdue = 10 * time.Minute

// BindAudit registers the doctor's questions to the service. The one that runs the sagas
// also passes on those to followers: they are in this process, or it has a connection.
func (s *Stores) BindAudit(r saga.Registry, engine activities.Sagas, here []*Stores) {
	s.Row.Audit(r, s, engine)
	activities.BindEventsAudit(r, s.Row.Name, s.undelivered)
	if !s.Row.Decides {
		return
	}
	for _, row := range All {
		if row.Answer != nil {
			activities.PassOn(r, s.pass(row.Name, here), row.questions...)
		}
	}
}

// pass returns how questions get to a follower, nil if it cannot be asked.
func (s *Stores) pass(follower string, here []*Stores) activities.Pass {
	if i := slices.IndexFunc(here, func(other *Stores) bool { return other.Row.Name == follower }); i >= 0 {
		return here[i].questions(here).Ask
	}
	if conn, ok := s.asked[follower]; ok {
		return remote.NewClient(conn).Ask
	}
	return nil
}

// Questions returns the doctor's questions to the followers among services.
func Questions(stores []*Stores) remote.Questions {
	all := remote.Questions{}
	for _, s := range stores {
		if s.Row.Answer != nil {
			maps.Copy(all, s.questions(stores))
		}
	}
	return all
}

func (s *Stores) questions(here []*Stores) remote.Questions {
	q := s.Row.Answer(s, here)
	remote.Add(q, activities.AuditEvents(s.Row.Name).Name, whole(s.undelivered))
	return q
}

// whole is f as the answer to a question about a service as a whole.
func whole(f func(context.Context) ([]string, error)) func(context.Context, audit.Whole) ([]string, error) {
	return func(ctx context.Context, _ audit.Whole) ([]string, error) { return f(ctx) }
}

// answerCopies answers the questions to the read model.
func answerCopies(s *Stores, here []*Stores) remote.Questions {
	q, store := remote.Questions{}, copies.New(s.Own)
	remote.Add(q, activities.AuditCopies.Name, store.Orders)
	goods := rebuild.NewGoods(store, s.Owners(here))
	remote.Add(q, activities.AuditGoods.Name, func(ctx context.Context, w audit.Whole) ([]string, error) {
		return goods.Differ(ctx, w.Pause)
	})
	return q
}

// answerMails answers the questions to the notification service.
func answerMails(s *Stores, _ []*Stores) remote.Questions {
	q, store := remote.Questions{}, notificationstore.New(s.Own)
	remote.Add(q, activities.AuditMails.Name, store.Audit)
	remote.Add(q, activities.AuditWaiting.Name, whole(func(ctx context.Context) ([]string, error) {
		return store.Waiting(ctx, database.Now().Add(-overdue))
	}))
	return q
}

// undelivered describes events that do not get where they should: those of the service
// that wait for the broker or are dead, and those that its listeners could not handle.
// Its error is a fault.
func (s *Stores) undelivered(ctx context.Context) (all []string, err error) {
	late := database.Now().Add(-overdue)
	if s.Row.Tells() {
		if all, err = compare.Undelivered(ctx, s.Own, late); err != nil {
			return nil, database.Fault(err)
		}
	}
	heard, err := waiting.Overdue(ctx, s.Own, late)
	return append(all, heard...), database.Fault(err)
}
