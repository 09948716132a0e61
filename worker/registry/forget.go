package registry

import (
	"context"
	"log/slog"
	"time"

	"gorm.io/gorm"

	"github.com/amends/amends/event"
	"github.com/amends/amends/event/inbox"
	"github.com/amends/amends/internal/background"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/reactions"
	orderstore "github.com/amends/amends/services/order/store"
	"github.com/amends/amends/services/order/store/clock"
	supportstore "github.com/amends/amends/services/support/store"
	"github.com/amends/amends/worker/reacting"
)

// forgetContacts returns the work of the order service by itself: once an hour it removes
// the contacts of guests that were kept for long enough.
func forgetContacts(s *Stores, log *slog.Logger) Work {
	return quiet{background.NewLoop(background.LoopConfig{
		Name: "old contacts", Every: time.Hour, Logger: log,
		Round: func(ctx context.Context) error { return orderstore.New(s.Own).ForgetContacts(ctx, database.Now()) },
	})}
}

// ofOrders returns the work of the order service: it forgets old contacts, and looks at the
// choreographed orders that are due.
func ofOrders(s *Stores, log *slog.Logger) (Work, error) {
	return reacting.Together{forgetContacts(s, log), clock.New(clock.Config{DB: s.Own, Orders: orderstore.New(s.Own), Now: database.Now, Logger: log})}, nil
}

// quiet is work of which operators need to know nothing.
type quiet struct{ *background.Loop }

// Warnings implements [Work].
func (quiet) Warnings() []string { return nil }

// hearErasures returns the group by which the support service hears of erased accounts and
// orders.
func hearErasures(s *Stores, o inbox.Options) *inbox.Group {
	return inbox.Project(inbox.Projection{
		Group: s.Row.Name, Facts: s.Row.Follows,
		Apply: func(tx *gorm.DB, events []event.Event) error {
			accounts, orders, err := reactions.Erasures(events)
			if err != nil {
				return err //nolint:wrapcheck // a fault
			}
			return supportstore.New(s.Own).Erase(tx, accounts, orders) //nolint:wrapcheck // it names the operation
		},
	}, o)
}
