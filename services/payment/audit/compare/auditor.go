// Package compare compares our payments with the provider's book, row by row, and both
// with the barrier's entries.
package compare

import (
	"context"

	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/saga/audit"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/services/payment"
	paymentaudit "github.com/amends/amends/services/payment/audit"
	"github.com/amends/amends/services/payment/provider"
	"github.com/amends/amends/services/payment/transfer"
)

// Books holds our rows of some sagas.
type Books struct {
	Payments  []payment.Payment
	Transfers []transfer.Transfer
	Recorded  []audit.Recorded
	// Nothing holds the captures of nothing. They are done, and have no other row.
	Nothing map[key.Key]money.Amount
	// Telling has the differences between our ledger and the events that tell of it, by
	// saga.
	Telling map[string]audit.Telling
	// Range is the key range of these rows; Next is the cursor for the next page,
	// empty on the last.
	Range audit.Range
	Next  string
}

// Store reads our side of the comparison.
type Store interface {
	// Books returns our rows of the sagas of r, at most r.Limit sagas (of a list: all).
	Books(ctx context.Context, r audit.Range) (Books, error)
	// AuditLedger is [paymentaudit.Auditor.AuditLedger].
	AuditLedger(ctx context.Context) ([]string, error)
}

// New returns an auditor that compares our books with the provider's.
func New(s Store, book provider.Statement) paymentaudit.Auditor { return &auditor{s, book} }

type auditor struct {
	Store

	statement provider.Statement
}

// Audit implements [paymentaudit.Auditor].
func (a *auditor) Audit(ctx context.Context, r audit.Range) (paymentaudit.Page, error) {
	books, lines, next, err := audit.ReadPaired(ctx, r,
		audit.Statement[provider.Effect]{
			Of: func(ctx context.Context, sagas []string) ([]provider.Effect, error) {
				lines, err := a.statement.LinesOf(ctx, sagas)
				return lines, payment.ProviderFault(err)
			},
			Between: func(ctx context.Context, after, to string, limit int) ([]provider.Effect, error) {
				lines, err := a.statement.Lines(ctx, after, to, limit)
				return lines, payment.ProviderFault(err)
			},
			Saga: func(l provider.Effect) string { return sagaOf(l.Key) },
		},
		func(ctx context.Context, r audit.Range) (Books, audit.Range, string, error) {
			b, err := a.Books(ctx, r)
			return b, b.Range, b.Next, err
		})
	if err != nil {
		return paymentaudit.Page{}, err
	}
	page := paymentaudit.Page{Facts: compare(books, lines), Next: next}
	for i := range page.Facts {
		page.Facts[i].Telling = books.Telling[page.Facts[i].Saga]
	}
	return page, nil
}
