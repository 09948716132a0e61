package store

import (
	"context"
	"fmt"

	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/services/payment/posting"
	"github.com/amends/amends/services/payment/store/rows"
)

// Ledger returns every posting set, oldest first.
func (s *Store) Ledger(ctx context.Context) ([]posting.Set, error) {
	var lines []rows.Posting
	if err := s.db.WithContext(ctx).Order("set_id, line").Find(&lines).Error; err != nil {
		return nil, database.Fault(err)
	}
	return sets(lines), nil
}

// ofSaga reads the lines of a saga's payments. Each half has an index of its own: one for
// refunds, one for all other kinds.
const ofSaga = `
	SELECT l.* FROM payments AS p JOIN postings AS l ON l.payment_id = p.id WHERE p.saga = ? AND l.kind <> 'refund'
	UNION ALL
	SELECT l.* FROM payments AS p JOIN postings AS l ON l.payment_id = p.id WHERE p.saga = ? AND l.kind = 'refund'
	ORDER BY set_id, line`

// Postings implements [payment.Store].
func (s *Store) Postings(ctx context.Context, saga string) ([]posting.Set, error) {
	var lines []rows.Posting
	if err := s.db.WithContext(ctx).Raw(ofSaga, saga, saga).Scan(&lines).Error; err != nil {
		return nil, database.Fault(fmt.Errorf("read the postings: %w", err))
	}
	return sets(lines), nil
}

// sets returns the posting sets of lines, which are in order.
func sets(lines []rows.Posting) []posting.Set {
	all := []posting.Set{}
	for _, r := range lines {
		if len(all) == 0 || all[len(all)-1].ID != r.SetID {
			all = append(all, posting.Set{ID: r.SetID, PaymentID: r.PaymentID, Kind: r.Kind, CreatedAt: r.CreatedAt.UTC()})
		}
		set := &all[len(all)-1]
		set.Lines = append(set.Lines, posting.Line{Account: r.Account, Amount: money.New(r.Amount, r.Currency)})
	}
	return all
}
