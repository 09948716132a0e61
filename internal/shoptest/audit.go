package shoptest

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/amends/amends/activities"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/services/payment"
	"github.com/amends/amends/services/shipping"
)

// BindAudit binds what the doctor asks of every service, and of the engine.
func (s *Shop) BindAudit(r saga.Registry, engine activities.Sagas) {
	activities.BindOrderAudit(r, s.Orders, s.Orders, engine)
	activities.BindCatalogAudit(r, s.Catalog)
	activities.BindInventoryAudit(r, s.Inventory)
	activities.BindPaymentAudit(r, payment.NewAuditor(s.Payments, s.Provider))
	activities.BindShippingAudit(r, shipping.NewAuditor(s.Shipments, s.Carrier))
}

// books are the shop's databases, as they are opened.
var books = []string{"order", "catalog", "inventory", "payment", "provider", "shipping", "carrier"}

// Damage changes a database behind its service's back, as no service would. A
// statement about rows must change one. Foreign keys are looked at as always.
func (s *Shop) Damage(ctx context.Context, book, statement string, args ...any) error {
	i := slices.Index(books, book)
	if i < 0 {
		return fmt.Errorf("no database %q", book)
	}
	res := s.databases[i].WithContext(ctx).Exec(statement, args...)
	if res.Error == nil && res.RowsAffected == 0 && !strings.HasPrefix(statement, "ALTER") {
		return fmt.Errorf("%s: nothing was damaged", book)
	}
	return database.Fault(res.Error)
}
