package store

import (
	"context"

	told "github.com/amends/amends/event/outbox/compare"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/saga/audit"
	"github.com/amends/amends/saga/barrier"
	"github.com/amends/amends/saga/barrier/pages"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/services/payment"
	"github.com/amends/amends/services/payment/audit/compare"
	"github.com/amends/amends/services/payment/store/rows"
	"github.com/amends/amends/services/payment/store/rules"
	"github.com/amends/amends/services/payment/store/step"
	"github.com/amends/amends/services/payment/transfer"
)

var _ compare.Store = (*Store)(nil)

// Books implements [compare.Store].
func (s *Store) Books(ctx context.Context, r audit.Range) (compare.Books, error) {
	b, err := s.books(ctx, r)
	return b, database.Fault(err)
}

func (s *Store) books(ctx context.Context, r audit.Range) (compare.Books, error) {
	r, more, err := pages.Cut(ctx, s.db, r, "payments", "transfers")
	if err != nil {
		return compare.Books{}, err
	}
	b := compare.Books{Range: r}
	if more {
		b.Next = r.To
	}
	entries, err := barrier.Entries(ctx, s.db, r)
	if err != nil {
		return compare.Books{}, err
	}
	if b.Payments, err = list(pages.Within(s.db.WithContext(ctx), "saga", r).Order("saga, step, generation"), rows.Payment.Domain); err != nil {
		return compare.Books{}, err
	}
	if b.Transfers, err = list(pages.Within(s.db.WithContext(ctx), "saga", r).Order("saga, step, generation"), rows.Transfer.Domain); err != nil {
		return compare.Books{}, err
	}
	b.Recorded, b.Nothing = recorded(entries, b.Payments, b.Transfers), nothing(entries)
	b.Telling, err = told.Entries(ctx, s.db, r, entries, step.Steps)
	return b, err
}

// recorded compares each step's recorded answer with the answer that our rows
// imply. A step that was refused, or undone before it had an answer, has none.
func recorded(entries []barrier.Entry, payments []payment.Payment, transfers []transfer.Transfer) []audit.Recorded {
	differs := map[key.Key]func(barrier.Entry) string{}
	for i := range payments {
		p := &payments[i]
		differs[p.Key] = func(e barrier.Entry) string {
			return barrier.Differs(e, payment.Authorization{PaymentID: p.ID, ProviderReference: p.ProviderReference, Amount: p.Amount})
		}
	}
	for i := range transfers {
		t := &transfers[i]
		differs[t.Key] = func(e barrier.Entry) string {
			if t.Kind == transfer.Refund {
				return barrier.Differs(e, payment.Refund{PaymentID: t.PaymentID, ProviderReference: t.ProviderReference, Amount: t.Amount})
			}
			return barrier.Differs(e, payment.Capture{
				PaymentID: t.PaymentID, ProviderReference: t.ProviderReference, InvoiceNumber: t.InvoiceNumber, Amount: t.Amount,
			})
		}
	}
	all := make([]audit.Recorded, len(entries))
	for i, e := range entries {
		all[i] = audit.Recorded{Key: e.Key, State: e.State, At: e.CreatedAt}
		if differ := differs[e.Key]; differ != nil && (e.Answered() || e.State == barrier.Done) {
			all[i].Other = differ(e)
		}
	}
	return all
}

// nothing returns the captures of nothing, which have no rows but their entry.
func nothing(entries []barrier.Entry) map[key.Key]money.Amount {
	all := map[key.Key]money.Amount{}
	for _, e := range entries {
		c, err := barrier.Answer[payment.Capture](e)
		if err == nil && e.State == barrier.Done && c.Amount.Currency != "" && c == (payment.Capture{Amount: money.New(0, c.Amount.Currency)}) {
			all[e.Key] = c.Amount
		}
	}
	return all
}

// AuditLedger implements [compare.Store].
func (s *Store) AuditLedger(ctx context.Context) ([]string, error) { return rules.Wrong(ctx, s.db) }
