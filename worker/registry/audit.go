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
	"github.com/amends/amends/saga/barrier/pages"
)

// overdue is how long an event may wait: for the broker, or for a listener.
const overdue = 10 * time.Minute

// BindAudit registers the doctor's questions to the service. The one that runs the sagas
// also passes on those to followers: they are in this process, or it has a connection.
func (s *Stores) BindAudit(r saga.Registry, engine activities.Sagas, here []*Stores) {
	s.Row.Audit(r, s, engine)
	activities.BindEventsAudit(r, s.Row.Name, s.undelivered)
	if !s.Row.Decides {
		activities.BindChangedAudit(r, s.Row.Name, pages.Entered(s.Own))
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
	remote.Add(q, activities.AuditEvents(s.Row.Name).Name, func(ctx context.Context, _ audit.Whole) ([]string, error) {
		return s.undelivered(ctx)
	})
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
