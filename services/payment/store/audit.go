package store

import (
	"context"
	"fmt"

	told "github.com/amends/amends/event/outbox/compare"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/saga/audit"
	"github.com/amends/amends/saga/barrier"
	"github.com/amends/amends/saga/barrier/pages"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/services/payment"
	"github.com/amends/amends/services/payment/audit/compare"
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
	if b.Payments, err = list(pages.Within(s.db.WithContext(ctx), "saga", r).Order("saga, step, generation"), paymentRow.domain); err != nil {
		return compare.Books{}, err
	}
	if b.Transfers, err = list(pages.Within(s.db.WithContext(ctx), "saga", r).Order("saga, step, generation"), transferRow.domain); err != nil {
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
		if rows := differs[e.Key]; rows != nil && (e.Answered() || e.State == barrier.Done) {
			all[i].Other = rows(e)
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

// maxWrong is the maximum number of wrong rows that each rule reports.
const maxWrong = 100

// AuditLedger implements [compare.Store].
func (s *Store) AuditLedger(ctx context.Context) ([]string, error) {
	var wrong []string
	for _, rule := range ledgerRules {
		var rows []string
		// Each is one statement: one snapshot on both databases, and no locks.
		if err := s.db.WithContext(ctx).Raw(rule.rows+" LIMIT ?", maxWrong).Scan(&rows).Error; err != nil {
			return nil, database.Fault(fmt.Errorf("audit the ledger: %w", err))
		}
		for _, r := range rows {
			wrong = append(wrong, fmt.Sprintf(rule.format, r))
		}
	}
	return wrong, nil
}

// ledgerRules are rules that no single row can keep. Each statement returns one
// text per violation.
var ledgerRules = []struct{ rows, format string }{
	{
		`SELECT currency || ' by ' || CAST(sum(amount) AS text) FROM postings GROUP BY currency HAVING sum(amount) <> 0 ORDER BY 1`,
		"the ledger does not sum to zero: %s minor units",
	},
	{
		`SELECT DISTINCT set_id FROM postings GROUP BY set_id, currency HAVING sum(amount) <> 0 ORDER BY 1`,
		"posting set %s does not sum to zero",
	},
	{
		// The postings of a payment add up to its own amounts; a hold was posted once,
		// and so was its release.
		`SELECT p.id || ' of ' || p.saga || ', which is ' || p.state
		FROM payments AS p LEFT JOIN (
			SELECT payment_id,
				sum(CASE WHEN account = 'funds_held' THEN amount ELSE 0 END) AS held,
				sum(CASE WHEN account = 'provider_receivable' THEN amount ELSE 0 END) AS owed,
				sum(CASE WHEN account = 'revenue' THEN -amount ELSE 0 END) AS earned,
				sum(CASE WHEN account = 'refunds' THEN amount ELSE 0 END) AS refunded,
				sum(CASE WHEN account = 'funds_held' AND kind = 'hold' THEN 1 ELSE 0 END) AS holds,
				sum(CASE WHEN account = 'funds_held' AND kind = 'release' THEN 1 ELSE 0 END) AS releases
			FROM postings GROUP BY payment_id
		) AS l ON l.payment_id = p.id
		WHERE coalesce(l.held, 0) <> CASE WHEN p.state = 'authorized' THEN p.amount ELSE 0 END
			OR coalesce(l.owed, 0) <> p.captured - p.refunded
			OR coalesce(l.earned, 0) <> p.captured
			OR coalesce(l.refunded, 0) <> p.refunded
			OR coalesce(l.holds, 0) <> CASE WHEN p.provider_reference <> '' THEN 1 ELSE 0 END
			OR coalesce(l.releases, 0) <> CASE WHEN p.provider_reference <> '' AND p.state = 'voided' THEN 1 ELSE 0 END
		ORDER BY p.id`,
		"the ledger does not explain payment %s",
	},
	{
		// The transfers of a payment add up to its own amounts.
		`SELECT p.id || ' of ' || p.saga || ', which is ' || p.state
		FROM payments AS p LEFT JOIN (
			SELECT payment_id,
				sum(CASE WHEN kind = 'capture' AND state = 'done' THEN amount ELSE 0 END) AS captured,
				sum(CASE WHEN kind = 'refund' AND state = 'done' THEN amount ELSE 0 END) AS refunded,
				sum(CASE WHEN kind = 'refund' AND state = 'intent' THEN amount ELSE 0 END) AS refunding
			FROM transfers GROUP BY payment_id
		) AS t ON t.payment_id = p.id
		WHERE coalesce(t.captured, 0) <> p.captured OR coalesce(t.refunded, 0) <> p.refunded OR coalesce(t.refunding, 0) <> p.refunding
		ORDER BY p.id`,
		"the transfers do not explain payment %s",
	},
	{
		`SELECT p.id || ' of ' || p.saga FROM payments AS p LEFT JOIN invoices AS i ON i.payment_id = p.id
		WHERE (p.captured > 0) <> (i.number IS NOT NULL) OR p.captured <> i.amount OR p.currency <> i.currency
		ORDER BY p.id`,
		"the invoice is not what was captured of payment %s",
	},
}
