// Package rules checks the payment service's ledger as a whole.
package rules

import (
	"context"
	"fmt"

	"gorm.io/gorm"

	"github.com/amends/amends/internal/database"
)

// maxWrong is the maximum number of wrong rows that each rule reports.
const maxWrong = 100

// Wrong describes every violation of a rule in the ledger of db.
func Wrong(ctx context.Context, db *gorm.DB) ([]string, error) {
	var wrong []string
	for _, rule := range ledgerRules {
		var rows []string
		// Each is one statement: one snapshot on both databases, and no locks.
		if err := db.WithContext(ctx).Raw(rule.rows+" LIMIT ?", maxWrong).Scan(&rows).Error; err != nil {
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
