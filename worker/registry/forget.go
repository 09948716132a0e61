package registry

import (
	"context"
	"log/slog"
	"time"

	"github.com/amends/amends/internal/background"
	"github.com/amends/amends/internal/database"
	orderstore "github.com/amends/amends/services/order/store"
	"github.com/amends/amends/services/order/store/clock"
	"github.com/amends/amends/worker/reacting"
)

// forgetContacts returns the work of the order service by itself: once an hour it removes
// the contacts of guests that were kept for long enough.
func forgetContacts(s *Stores, log *slog.Logger) Work {
	orders := orderstore.New(s.Own)
	return quiet{background.NewLoop(background.LoopConfig{
		Name: "old contacts", Every: time.Hour, Logger: log,
		Round: func(ctx context.Context) error { return orders.ForgetContacts(ctx, database.Now()) },
	})}
}

// ofOrders returns the work of the order service: it forgets old contacts, and looks at the
// choreographed orders that are due.
func ofOrders(s *Stores, log *slog.Logger) (Work, error) {
	due := clock.New(clock.Config{DB: s.Own, Orders: orderstore.New(s.Own), Now: database.Now, Logger: log})
	return reacting.Together{forgetContacts(s, log), due}, nil
}

// quiet is work of which operators need to know nothing.
type quiet struct{ *background.Loop }

// Warnings implements [Work].
func (quiet) Warnings() []string { return nil }
