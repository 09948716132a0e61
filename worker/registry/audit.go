package registry

import (
	"context"
	"time"

	"github.com/amends/amends/activities"
	"github.com/amends/amends/event/inbox/waiting"
	"github.com/amends/amends/event/outbox/compare"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/saga"
)

// overdue is how long an event may wait: for the broker, or for a listener.
const overdue = 10 * time.Minute

// BindAudit registers the doctor's questions to the service.
func (s *Stores) BindAudit(r saga.Registry, engine activities.Sagas) {
	s.Row.Audit(r, s, engine)
	activities.BindEventsAudit(r, s.Row.Name, s.undelivered)
}

// undelivered describes events that do not get where they should: those of the service
// that wait for the broker or are dead, and those that its listeners could not handle.
// Its error is a fault.
func (s *Stores) undelivered(ctx context.Context) ([]string, error) {
	late := database.Now().Add(-overdue)
	told, err := compare.Undelivered(ctx, s.Own, late)
	if err != nil {
		return nil, database.Fault(err)
	}
	heard, err := waiting.Overdue(ctx, s.Own, late)
	return append(told, heard...), database.Fault(err)
}
