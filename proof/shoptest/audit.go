package shoptest

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"gorm.io/gorm"

	"github.com/amends/amends/activities"
	"github.com/amends/amends/event/outbox/compare"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/saga/barrier/pages"
	paymentcompare "github.com/amends/amends/services/payment/audit/compare"
	shippingcompare "github.com/amends/amends/services/shipping/audit/compare"
	"github.com/amends/amends/worker/registry"
)

// BindAudit binds the doctor's questions to every service, and to the engine.
func (s *Shop) BindAudit(r saga.Registry, engine activities.Sagas) {
	activities.BindOrderAudit(r, s.Orders, s.Orders, engine)
	activities.BindAcknowledge(r, s.Orders, engine)
	activities.BindCatalogAudit(r, s.Catalog)
	activities.BindInventoryAudit(r, s.Inventory)
	activities.BindPaymentAudit(r, paymentcompare.New(s.Payments, s.Provider))
	activities.BindShippingAudit(r, shippingcompare.New(s.Shipments, s.Carrier))
	pass := func(ctx context.Context, question string, argument json.RawMessage) (json.RawMessage, error) {
		if s.Pass == nil {
			return json.RawMessage("null"), nil
		}
		return s.Pass(ctx, question, argument)
	}
	activities.PassOn(r, pass, slices.Concat(activities.QueryQuestions, activities.NotificationQuestions)...)
	for _, service := range registry.Acting() {
		activities.BindEventsAudit(r, service, func(ctx context.Context) ([]string, error) {
			return compare.Undelivered(ctx, s.books[service], database.Now().Add(-10*time.Minute))
		})
		if service == activities.AuditOrders.Service {
			continue // it has answered
		}
		activities.BindChangedAudit(r, service, pages.Entered(s.books[service]))
	}
}

// Book returns the database of a service or an external system; nil: there is none.
func (s *Shop) Book(name string) *gorm.DB { return s.books[name] }

// Damage changes a row of a database without its service, as no service would. It
// fails if no row is changed.
func (s *Shop) Damage(ctx context.Context, book, statement string, args ...any) error {
	rows, err := s.Exec(ctx, book, statement, args...)
	if err == nil && rows == 0 {
		return fmt.Errorf("%s: nothing was damaged", book)
	}
	return err
}

// Exec executes a statement on a database without its service, and returns how
// many rows it changed.
func (s *Shop) Exec(ctx context.Context, book, statement string, args ...any) (int64, error) {
	db, ok := s.books[book]
	if !ok {
		return 0, fmt.Errorf("no database %q", book)
	}
	res := db.WithContext(ctx).Exec(statement, args...)
	return res.RowsAffected, database.Fault(res.Error)
}
