package shoptest_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/proof/shoptest"
)

// Any row of any database changes the fingerprint, and a reset takes it back.
func TestAFingerprintIsOfAllThatIsKept(t *testing.T) {
	t.Parallel()

	s := shoptest.NewForOne(t)
	require.NoError(t, s.Snapshot(t.Context()))
	held := func() string {
		text, err := s.Fingerprint(t.Context())
		require.NoError(t, err)
		return string(text)
	}
	fresh := held()
	require.Equal(t, fresh, held())

	for book, statement := range map[string]string{
		"order": `INSERT INTO orders (id, customer_id, status, reason, placement, changes, created_at, updated_at)
			VALUES ('o1', 'cus_1', 'PENDING', '', '{}', 0, '2026-01-01', '2026-01-01')`,
		"catalog":   `UPDATE products SET price_minor = price_minor + 1 WHERE sku = 'MUG'`,
		"inventory": `UPDATE stock SET available = available - 1, reserved = reserved + 1 WHERE sku = 'MUG'`,
		"payment":   `INSERT INTO series (name, last) VALUES ('x', 1)`,
		"provider":  `INSERT INTO failures (key, count) VALUES ('k', 1)`,
		"shipping": `INSERT INTO barrier (saga, step, state, fingerprint, request, outcome, code, message, created_at, updated_at)
			VALUES ('o1', 's', 'blocked', '', '', '', '', '', '2026-01-01', '2026-01-01')`,
		"carrier": `INSERT INTO bookings (booking_key, state, warehouse, fingerprint, lost_replies, created_at, updated_at)
			VALUES ('k', 'forbidden', 'BER', '', 0, '2026-01-01', '2026-01-01')`,
	} {
		require.NoError(t, s.Damage(t.Context(), book, statement), book)
		require.NotEqual(t, fresh, held(), book)
		require.NoError(t, s.Reset(t.Context()))
		require.Equal(t, fresh, held(), book)
	}
}
