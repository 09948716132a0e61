package store

import (
	"context"
	"fmt"

	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/saga/barrier"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/services/payment"
)

var _ payment.AuditStore = (*Store)(nil)

// Books implements [payment.AuditStore].
func (s *Store) Books(ctx context.Context, r key.Range) (payment.Books, error) {
	b, err := s.books(ctx, r)
	return b, database.Fault(err)
}

func (s *Store) books(ctx context.Context, r key.Range) (payment.Books, error) {
	r, more, err := barrier.Cut(ctx, s.db, r, "payments", "transfers")
	if err != nil {
		return payment.Books{}, err
	}
	b := payment.Books{Range: r}
	if more {
		b.Next = r.To
	}
	standings, err := barrier.Standings(ctx, s.db, r)
	if err != nil {
		return payment.Books{}, err
	}
	if b.Payments, err = list(barrier.Within(s.db.WithContext(ctx), "saga", r).Order("saga, step, generation"), paymentRow.domain); err != nil {
		return payment.Books{}, err
	}
	if b.Transfers, err = list(barrier.Within(s.db.WithContext(ctx), "saga", r).Order("saga, step, generation"), transferRow.domain); err != nil {
		return payment.Books{}, err
	}
	b.Recorded = recorded(standings, b.Payments, b.Transfers)
	return b, nil
}

// recorded compares what each step was answered with what our rows say. Who was
// refused, or undone before it had an answer, was answered nothing.
func recorded(standings []barrier.Standing, payments []payment.Payment, transfers []payment.Transfer) []payment.Recorded {
	differs := map[key.Key]func(barrier.Standing) string{}
	for i := range payments {
		p := &payments[i]
		differs[p.Key] = func(st barrier.Standing) string {
			return barrier.Differs(st, payment.Authorization{PaymentID: p.ID, ProviderReference: p.ProviderReference, Amount: p.Amount})
		}
	}
	for i := range transfers {
		t := &transfers[i]
		differs[t.Key] = func(st barrier.Standing) string {
			if t.Kind == payment.TransferRefund {
				return barrier.Differs(st, payment.Refund{PaymentID: t.PaymentID, ProviderReference: t.ProviderReference, Amount: t.Amount})
			}
			return barrier.Differs(st, payment.Capture{
				PaymentID: t.PaymentID, ProviderReference: t.ProviderReference, InvoiceNumber: t.InvoiceNumber, Amount: t.Amount,
			})
		}
	}
	all := make([]payment.Recorded, len(standings))
	for i, st := range standings {
		all[i] = payment.Recorded{Key: st.Key, Progress: st.State, At: st.CreatedAt}
		if rows := differs[st.Key]; rows != nil && (st.Answered() || st.State == barrier.Done) {
			all[i].Other = rows(st)
		}
	}
	return all
}

// maxWrong is how many rows of one kind are told of one by one.
const maxWrong = 100

// AuditLedger implements [payment.AuditStore].
func (s *Store) AuditLedger(ctx context.Context) ([]string, error) {
	var wrong []string
	for _, audit := range ledgerAudits {
		var rows []string
		// Each is one statement: one snapshot on either engine, and no locks.
		if err := s.db.WithContext(ctx).Raw(audit.rows+" LIMIT ?", maxWrong).Scan(&rows).Error; err != nil {
			return nil, database.Fault(fmt.Errorf("audit the ledger: %w", err))
		}
		for _, r := range rows {
			wrong = append(wrong, fmt.Sprintf(audit.format, r))
		}
	}
	return wrong, nil
}

// ledgerAudits are the rules that no single row can keep. Each statement answers
// one text per violation.
var ledgerAudits = []struct{ rows, format string }{
	{
		`SELECT currency || ' by ' || CAST(sum(amount) AS text) FROM postings GROUP BY currency HAVING sum(amount) <> 0 ORDER BY 1`,
		"the ledger does not sum to zero: %s minor units",
	},
	{
		`SELECT DISTINCT set_id FROM postings GROUP BY set_id, currency HAVING sum(amount) <> 0 ORDER BY 1`,
		"posting set %s does not sum to zero",
	},
	{
		// What the ledger says of a payment is what the payment says of itself; what was
		// held was booked once, and so was that it was let go.
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
		// So do its transfers.
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
