package store_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/saga/audit"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/services/inventory"
	inventoryaudit "github.com/amends/amends/services/inventory/audit"
	inventorystore "github.com/amends/amends/services/inventory/store"
)

func TestAudit(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, inventorystore.Schema.Migrate, func(t *testing.T, db *gorm.DB) {
		b, ctx := testBundle{inventorystore.New(db)}, t.Context()
		b.receive(t, "MUG", "BER", 10)
		b.receive(t, "KETTLE", "AMS", 10)
		lines := []inventory.Line{{SKU: "MUG", Quantity: 2}, {SKU: "KETTLE", Quantity: 1}}
		for _, saga := range []string{"held", "released", "sold"} {
			_, err := b.Reserve(ctx, key.New(saga, "inventory.reserve"), inventory.ReserveRequest{Lines: lines})
			require.NoError(t, err)
		}
		require.NoError(t, b.Release(ctx, key.New("released", "inventory.reserve")))
		require.NoError(t, b.Release(ctx, key.New("blocked", "inventory.reserve")))
		_, err := b.Commit(ctx, key.New("sold", "inventory.commit"))
		require.NoError(t, err)

		want := map[string][]inventoryaudit.StockFact{
			"blocked": nil, "released": nil,
			"held": {{Step: "inventory.reserve", State: inventory.Held, Units: 3, Warehouses: 2, Undoable: true}},
			"sold": {{Step: "inventory.reserve", State: inventory.Committed, Units: 3, Warehouses: 2, Undoable: true}},
		}
		for limit := 1; limit <= 5; limit++ {
			require.Equal(t, want, walk(t, b, limit), "limit %d", limit)
		}
		page, err := b.Audit(ctx, audit.Range{Sagas: []string{"sold", "nobody"}, Limit: 1})
		require.NoError(t, err)
		require.Len(t, page.Facts, 1)
		require.Empty(t, page.Facts[0].Wrong)
		require.False(t, page.Facts[0].Since.IsZero())
		require.Empty(t, page.Next)
		wrong, err := b.AuditStock(ctx)
		require.NoError(t, err)
		require.Empty(t, wrong)

		// Damage that no call does.
		damage := func(statement string) { require.NoError(t, db.Exec(statement).Error) }
		damage("UPDATE reservations SET state = 'held' WHERE saga = 'released'")
		damage("DELETE FROM reservation_lines WHERE saga = 'held'")
		damage("DELETE FROM reservations WHERE saga = 'held'")
		damage("UPDATE stock SET available = available + 1, received = received + 1 WHERE sku = 'MUG'")
		page, err = b.Audit(ctx, audit.Range{})
		require.NoError(t, err)
		told := map[string][]string{}
		for _, f := range page.Facts {
			told[f.Saga] = f.Wrong
		}
		require.Equal(t, map[string][]string{
			"blocked": nil, "sold": nil,
			"held":     {"the barrier of inventory.reserve is done, there is no reservation"},
			"released": {"the reservation of inventory.reserve is held, its barrier is undone"},
		}, told)
		wrong, err = b.AuditStock(ctx)
		require.NoError(t, err)
		require.Equal(t, []string{"MUG in BER: 11 received, but the journal explains 10"}, wrong, "one reservation for another: in sum they add up")
		damage("DELETE FROM stock_journal WHERE sku = 'KETTLE'")
		wrong, err = b.AuditStock(ctx)
		require.NoError(t, err)
		require.Equal(t, []string{
			"KETTLE in AMS: 10 received, but the journal explains 0",
			"MUG in BER: 11 received, but the journal explains 10",
		}, wrong)

		damage("UPDATE stock SET reserved = reserved - 1, available = available + 1 WHERE sku = 'KETTLE'")
		wrong, err = b.AuditStock(ctx)
		require.NoError(t, err)
		require.Contains(t, wrong, "KETTLE in AMS: 0 reserved and 1 committed, but the reservations say 1 and 1")
	})
}

// No sequence of calls leaves these: an undo without its do, or a recorded answer
// that did not happen.
func TestAuditFindsWhatWasUndoneOrAnsweredOtherwise(t *testing.T) {
	t.Parallel()

	const reserved = `{"parcels":[{"warehouse":"AMS","lines":[{"sku":"KETTLE","quantity":1}]},{"warehouse":"BER","lines":[{"sku":"MUG","quantity":2}]}]}`
	for name, tc := range map[string]struct {
		damage []string
		want   inventoryaudit.Fact // without the parts that are in order
	}{
		"AReleaseOfNothing": {[]string{
			"DELETE FROM reservation_lines WHERE saga = 'released'", "DELETE FROM reservations WHERE saga = 'released'",
		}, inventoryaudit.Fact{Saga: "released", Undone: []string{"inventory.reserve was undone, and there never was a reservation"}}},
		"AReleaseOfOtherUnits": {[]string{
			"UPDATE reservation_lines SET quantity = 3 WHERE saga = 'released' AND sku = 'MUG'",
		}, inventoryaudit.Fact{Saga: "released", Undone: []string{"inventory.reserve was undone, but not as it had been done: it was answered " + reserved +
			`, the rows say {"parcels":[{"warehouse":"AMS","lines":[{"sku":"KETTLE","quantity":1}]},{"warehouse":"BER","lines":[{"sku":"MUG","quantity":3}]}]}`}}},
		"AReleaseOfUnpromisedStock": {[]string{
			"UPDATE barrier SET outcome = '' WHERE saga = 'released'",
		}, inventoryaudit.Fact{Saga: "released", Undone: []string{"inventory.reserve was undone, but not as it had been done: it was answered nothing, the rows say " + reserved}}},
		"AnAnswerThatIsAnother": {[]string{
			`UPDATE barrier SET outcome = replace(outcome, '"quantity":2', '"quantity":1') WHERE saga = 'held'`,
		}, inventoryaudit.Fact{Saga: "held", Answers: []string{`inventory.reserve: it was answered {"parcels":[{"warehouse":"AMS","lines":[{"sku":"KETTLE","quantity":1}]},` +
			`{"warehouse":"BER","lines":[{"sku":"MUG","quantity":1}]}]}, the rows say ` + reserved}}},
		"ASaleOfOtherUnits": {[]string{
			`UPDATE barrier SET outcome = '{"units":4}' WHERE saga = 'sold' AND step = 'inventory.commit'`,
		}, inventoryaudit.Fact{Saga: "sold", Answers: []string{"inventory.commit: it was answered that 4 units are sold, the reservations say 3"}}},
		"ASaleThatCannotBeRead": {[]string{
			`UPDATE barrier SET outcome = '' || 'x' WHERE saga = 'sold' AND step = 'inventory.commit'`,
		}, inventoryaudit.Fact{Saga: "sold", Answers: []string{"inventory.commit: what it was answered cannot be read"}}},
		"ASaleThatIsGone": {[]string{
			"UPDATE reservations SET state = 'released' WHERE saga = 'sold'", "UPDATE barrier SET state = 'undone' WHERE saga = 'sold' AND step = 'inventory.reserve'",
		}, inventoryaudit.Fact{Saga: "sold", Answers: []string{"inventory.commit: it was answered that 3 units are sold, the reservations say 0"}}},
		"ASaleThatNobodyMade": {[]string{
			"DELETE FROM barrier WHERE saga = 'sold' AND step = 'inventory.commit'",
		}, inventoryaudit.Fact{Saga: "sold", Wrong: []string{"3 units are sold, of which the barrier has no inventory.commit"}}},
		"AStepThatNobodyKnows": {[]string{
			`INSERT INTO barrier SELECT saga, 'inventory.renamed', generation, state, fingerprint, request, outcome, code, message, created_at, updated_at
				FROM barrier WHERE saga = 'held'`,
		}, inventoryaudit.Fact{Saga: "held", Wrong: []string{"the barrier has inventory.renamed as done, a step that this service does not have"}}},
		"AStepThatNobodyKnowsAndThatIsBlocked": {[]string{
			"UPDATE barrier SET step = 'inventory.renamed', state = 'blocked', outcome = '' WHERE saga = 'released'",
			"DELETE FROM reservation_lines WHERE saga = 'released'", "DELETE FROM reservations WHERE saga = 'released'",
		}, inventoryaudit.Fact{Saga: "released", Wrong: []string{"the barrier has inventory.renamed as blocked, a step that this service does not have"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dbtest.Each(t, inventorystore.Schema.Migrate, func(t *testing.T, db *gorm.DB) {
				b, ctx := testBundle{inventorystore.New(db)}, t.Context()
				b.receive(t, "MUG", "BER", 10)
				b.receive(t, "KETTLE", "AMS", 10)
				for _, saga := range []string{"held", "released", "sold"} {
					_, err := b.Reserve(ctx, key.New(saga, "inventory.reserve"), inventory.ReserveRequest{
						Lines: []inventory.Line{{SKU: "MUG", Quantity: 2}, {SKU: "KETTLE", Quantity: 1}},
					})
					require.NoError(t, err)
				}
				require.NoError(t, b.Release(ctx, key.New("released", "inventory.reserve")))
				_, err := b.Commit(ctx, key.New("sold", "inventory.commit"))
				require.NoError(t, err)

				for _, statement := range tc.damage {
					require.NoError(t, db.Exec(statement).Error)
				}
				page, err := b.Audit(ctx, audit.Range{})
				require.NoError(t, err)
				require.Len(t, page.Facts, 3)
				for _, f := range page.Facts {
					want := inventoryaudit.Fact{Saga: f.Saga}
					if f.Saga == tc.want.Saga {
						want = tc.want
					}
					want.Since, want.Stock = f.Since, f.Stock
					require.Equal(t, want, f)
				}
			})
		})
	}
}

// walk audits everything in pages, and returns the stock of each saga.
func walk(t *testing.T, b testBundle, limit int) map[string][]inventoryaudit.StockFact {
	t.Helper()
	all := map[string][]inventoryaudit.StockFact{}
	r := audit.Range{Limit: limit}
	for {
		page, err := b.Audit(t.Context(), r)
		require.NoError(t, err)
		require.LessOrEqual(t, len(page.Facts), limit)
		for _, f := range page.Facts {
			require.NotContains(t, all, f.Saga, "twice")
			all[f.Saga] = f.Stock
		}
		if page.Next == "" {
			return all
		}
		r.After = page.Next
	}
}
