package registry

import (
	"context"
	"log/slog"
	"time"

	"github.com/amends/amends/internal/background"
	"github.com/amends/amends/internal/database"
	orderstore "github.com/amends/amends/services/order/store"
)

// forgetContacts returns the work of the order service by itself: once an hour it removes
// the contacts of guests that were kept for long enough.
func forgetContacts(s *Stores, log *slog.Logger) (Work, error) {
	orders := orderstore.New(s.Own)
	return quiet{background.NewLoop(background.LoopConfig{
		Name: "old contacts", Every: time.Hour, Logger: log,
		Round: func(ctx context.Context) error { return orders.ForgetContacts(ctx, database.Now()) },
	})}, nil
}

// quiet is work of which operators need to know nothing.
type quiet struct{ *background.Loop }

// Warnings implements [Work].
func (quiet) Warnings() []string { return nil }
