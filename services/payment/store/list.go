package store

import (
	"context"

	"gorm.io/gorm"

	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/services/payment"
	"github.com/amends/amends/services/payment/posting"
)

// Payments returns every payment, oldest first.
func (s *Store) Payments(ctx context.Context) ([]payment.Payment, error) {
	return list(s.db.WithContext(ctx).Order("id"), paymentRow.domain)
}

// Transfers returns every capture and refund, by key.
func (s *Store) Transfers(ctx context.Context) ([]payment.Transfer, error) {
	return list(s.db.WithContext(ctx).Order("saga, step, generation"), transferRow.domain)
}

// Invoices returns every invoice, by number.
func (s *Store) Invoices(ctx context.Context) ([]payment.Invoice, error) {
	return list(s.db.WithContext(ctx).Order("number"), func(r invoiceRow) payment.Invoice {
		return payment.Invoice{
			Number: r.Number, PaymentID: r.PaymentID, Amount: money.New(r.Amount, r.Currency), CreatedAt: r.CreatedAt,
		}
	})
}

// Ledger returns every posting set, oldest first.
func (s *Store) Ledger(ctx context.Context) ([]posting.Set, error) {
	var rows []postingRow
	if err := s.db.WithContext(ctx).Order("set_id, line").Find(&rows).Error; err != nil {
		return nil, database.Fault(err)
	}
	var sets []posting.Set
	for _, r := range rows {
		if len(sets) == 0 || sets[len(sets)-1].ID != r.SetID {
			sets = append(sets, posting.Set{ID: r.SetID, PaymentID: r.PaymentID, Kind: r.Kind, CreatedAt: r.CreatedAt})
		}
		set := &sets[len(sets)-1]
		set.Lines = append(set.Lines, posting.Line{Account: r.Account, Amount: money.New(r.Amount, r.Currency)})
	}
	return sets, nil
}

// list runs q and maps its rows.
func list[Row, Domain any](q *gorm.DB, domain func(Row) Domain) ([]Domain, error) {
	var rows []Row
	if err := q.Find(&rows).Error; err != nil {
		return nil, database.Fault(err)
	}
	all := make([]Domain, len(rows))
	for i, r := range rows {
		all[i] = domain(r)
	}
	return all, nil
}
