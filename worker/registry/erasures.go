package registry

import (
	"gorm.io/gorm"

	"github.com/amends/amends/event"
	"github.com/amends/amends/event/inbox"
	"github.com/amends/amends/reactions"
	supportstore "github.com/amends/amends/services/support/store"
)

// hearErasures returns the group by which the support service hears of erased accounts and
// orders.
func hearErasures(s *Stores, o inbox.Options) *inbox.Group {
	store := supportstore.New(s.Own)
	return inbox.Project(inbox.Projection{
		Group: s.Row.Name, Facts: reactions.SupportFacts,
		Apply: func(tx *gorm.DB, events []event.Event) error {
			accounts, orders, err := reactions.Erasures(events)
			if err != nil {
				return err //nolint:wrapcheck // a fault
			}
			return store.Erase(tx, accounts, orders) //nolint:wrapcheck // it names the operation
		},
	}, o)
}
