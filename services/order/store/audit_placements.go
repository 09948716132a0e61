package store

import (
	"context"
	"fmt"
	"strings"

	"github.com/amends/amends/internal/database"
)

// maxWrong is how many pairs of orders are told of one by one.
const maxWrong = 100

// AuditPlacements implements [order.Auditor].
func (s *Store) AuditPlacements(ctx context.Context) ([]string, error) {
	// A placement is text that this package wrote, and PostgreSQL does not read all
	// JSON that Go writes: a name may hold a \u0000. Inside a value a quote has a
	// backslash before it, so the key is found where it is and nowhere else. A
	// placement without a nonce was made by no HTTP call.
	find := "instr"
	if s.db.Name() == "postgres" {
		find = "strpos"
	}
	var pairs []struct {
		First, Last string
		Orders      int64
	}
	err := s.db.WithContext(ctx).Raw(strings.ReplaceAll(`SELECT min(id) AS first, max(id) AS last, count(*) AS orders FROM (
			SELECT id, substr(rest, 1, find(rest, '"') - 1) AS nonce FROM (
				SELECT id, substr(placement, find(placement, '"nonce":"') + 9) AS rest FROM orders WHERE find(placement, '"nonce":"') > 0
			) AS begun
		) AS placed
		WHERE nonce <> '' GROUP BY nonce HAVING count(*) > 1 ORDER BY 1 LIMIT @limit`, "find(", find+"("),
		map[string]any{"limit": maxWrong}).Scan(&pairs).Error
	if err != nil {
		return nil, database.Fault(fmt.Errorf("compare placements: %w", err))
	}
	var wrong []string
	for _, p := range pairs {
		wrong = append(wrong, fmt.Sprintf("one call placed %d orders, among them %s and %s", p.Orders, p.First, p.Last))
	}
	return wrong, nil
}
