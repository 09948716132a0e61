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
			var accounts, orders []string
			for _, e := range events {
				switch erased, err := reactions.Support(e); {
				case err != nil:
					return err //nolint:wrapcheck // a fault
				case erased.Account != "":
					accounts = append(accounts, erased.Account)
				default:
					orders = append(orders, erased.Order)
				}
			}
			return store.Erase(tx, accounts, orders) //nolint:wrapcheck // it names the operation
		},
	}, o)
}
