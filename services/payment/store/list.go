package store

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/services/payment"
	"github.com/amends/amends/services/payment/refund"
	"github.com/amends/amends/services/payment/store/notes"
	"github.com/amends/amends/services/payment/store/rows"
	"github.com/amends/amends/services/payment/transfer"
)

// Get implements [payment.Store].
func (s *Store) Get(ctx context.Context, saga string) (payment.Summary, error) {
	var row struct {
		Payment       rows.Payment `gorm:"embedded"`
		InvoiceNumber *string
		InvoicedAt    *time.Time
	}
	res := s.db.WithContext(ctx).Table("payments").Select("payments.*, invoices.number AS invoice_number, invoices.created_at AS invoiced_at").
		Joins("LEFT JOIN invoices ON invoices.payment_id = payments.id").
		Where("payments.saga = ?", saga).Order("payments.id DESC").Limit(1).Scan(&row)
	if res.Error != nil {
		return payment.Summary{}, database.Fault(fmt.Errorf("read the payment: %w", res.Error))
	}
	if res.RowsAffected == 0 {
		return payment.Summary{}, fault.Errorf(fault.Business, fault.NotFound, "there is no such payment")
	}
	p := row.Payment.Domain()
	out := payment.Summary{
		PaymentID: p.ID, State: p.State, Amount: p.Amount, Captured: p.Captured, Refunded: p.Refunded,
		DeclineCode: p.DeclineCode, CreatedAt: p.CreatedAt.UTC(), UpdatedAt: p.UpdatedAt.UTC(),
	}
	if row.InvoiceNumber != nil {
		out.InvoiceNumber, out.InvoicedAt = *row.InvoiceNumber, row.InvoicedAt.UTC()
	}
	return out, nil
}

// Refunds implements [payment.Store].
func (s *Store) Refunds(ctx context.Context, saga string) ([]refund.Record, error) {
	return notes.Refunds(ctx, s.db, saga)
}

// Payments returns every payment, oldest first.
func (s *Store) Payments(ctx context.Context) ([]payment.Payment, error) {
	return list(s.db.WithContext(ctx).Order("id"), rows.Payment.Domain)
}

// Transfers returns every capture and refund, by key.
func (s *Store) Transfers(ctx context.Context) ([]transfer.Transfer, error) {
	return list(s.db.WithContext(ctx).Order("saga, step, generation"), rows.Transfer.Domain)
}

// Invoices returns every invoice, by number.
func (s *Store) Invoices(ctx context.Context) ([]transfer.Invoice, error) {
	return list(s.db.WithContext(ctx).Order("number"), func(r rows.Invoice) transfer.Invoice {
		return transfer.Invoice{
			Number: r.Number, PaymentID: r.PaymentID, Amount: money.New(r.Amount, r.Currency), CreatedAt: r.CreatedAt,
		}
	})
}

// list runs q and maps its rows.
func list[Row, Domain any](q *gorm.DB, domain func(Row) Domain) ([]Domain, error) {
	var found []Row
	if err := q.Find(&found).Error; err != nil {
		return nil, database.Fault(err)
	}
	all := make([]Domain, len(found))
	for i, r := range found {
		all[i] = domain(r)
	}
	return all, nil
}
