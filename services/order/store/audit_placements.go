package store

import (
	"context"
	"fmt"
	"strings"

	"github.com/amends/amends/internal/database"
)

// maxWrong is the maximum number of calls that are reported one by one.
const maxWrong = 100

// AuditPlacements implements [orderaudit.Auditor].
func (s *Store) AuditPlacements(ctx context.Context) ([]string, error) {
	// The placement is searched as text, because PostgreSQL does not parse all JSON
	// that Go writes: a name may contain \u0000. Inside a value a quote is escaped, so
	// the pattern matches the key only. A placement without a nonce came from no HTTP
	// call.
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
