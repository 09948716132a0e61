package registry

import (
	"gorm.io/gorm"

	"github.com/amends/amends/event"
	"github.com/amends/amends/reactions"
	"github.com/amends/amends/services/query"
	querystore "github.com/amends/amends/services/query/store"
)

// ReadModel returns the store of the query service on its database.
func (s *Stores) ReadModel() *querystore.Store {
	s.readModelOnce.Do(func() { s.readModel = querystore.New(s.Own) })
	return s.readModel
}

// project applies facts to the read model.
func (s *Stores) project(tx *gorm.DB, events []event.Event) error {
	changes := make([]query.Change, len(events))
	for i, e := range events {
		var err error
		if changes[i], err = reactions.Query(e); err != nil {
			return err //nolint:wrapcheck // a fault that names the event
		}
	}
	return s.ReadModel().Apply(tx, changes) //nolint:wrapcheck // it says what it did
}
