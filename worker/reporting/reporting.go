// Package reporting connects the failures of a service's listener to its outbox.
package reporting

import (
	"gorm.io/gorm"

	"github.com/amends/amends/event"
	"github.com/amends/amends/event/inbox/trouble"
	"github.com/amends/amends/event/inbox/waiting"
	"github.com/amends/amends/event/outbox"
	"github.com/amends/amends/reactions"
)

// graph has the reactions of all services.
var graph = reactions.Choreography()

// Of returns how a service reports the events that its listener fails to react to: by the
// facts of the graph, in the transaction in its own database that records the failure.
func Of(service string) trouble.Report {
	return func(tx *gorm.DB, e event.Event, t event.Trouble) (told bool, err error) {
		events := graph.Report(service, e, t)
		caused := tx.WithContext(event.CausedBy(tx.Statement.Context, e))
		return len(events) > 0, outbox.Tell(caused, events...) //nolint:wrapcheck // a fault, or the database's error
	}
}

// Desk returns the desk of a service's letters in its database.
func Desk(service string, db *gorm.DB) *waiting.Desk {
	d := waiting.NewDesk(db)
	d.Discarded = Of(service).Discarded
	return d
}
