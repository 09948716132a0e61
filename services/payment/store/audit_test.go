package store_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/saga/audit"
	"github.com/amends/amends/services/payment"
	paymentaudit "github.com/amends/amends/services/payment/audit"
	"github.com/amends/amends/services/payment/audit/compare"
	"github.com/amends/amends/services/payment/provider"
	"github.com/amends/amends/services/payment/provider/simulator"
)

// audit reads the facts of all sagas in pages of a size.
func (b *testBundle) audit(t *testing.T, limit int) map[string]paymentaudit.Fact {
	t.Helper()
	a, all := compare.New(b.store, b.book), map[string]paymentaudit.Fact{}
	r := audit.Range{Limit: limit}
	for range 100 {
		page, err := a.Audit(t.Context(), r)
		require.NoError(t, err)
		for _, f := range page.Facts {
			require.NotContains(t, all, f.Saga, "twice")
			all[f.Saga] = f
		}
		if page.Next == "" {
			return all
		}
		require.Greater(t, page.Next, r.After, "no progress")
		r.After = page.Next
	}
	require.Fail(t, "never ends")
	return nil
}

func TestAudit(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b *testBundle) {
		ctx := t.Context()
		b.held(t, "held", simulator.TokenVisa)
		b.taken(t, "taken")
		_, err := b.Refund(ctx, refundKey("taken", 0), payment.RefundRequest{Amount: eur(100)})
		require.NoError(t, err)
		b.held(t, "voided", simulator.TokenVisa)
		require.NoError(t, b.Void(ctx, authorizeKey("voided")))
		_, settled, err := b.SettleCapture(ctx, captureKey("voided"))
		require.NoError(t, err)
		require.False(t, settled)
		require.NoError(t, b.Void(ctx, authorizeKey("blocked")))
		_, err = b.authorize(ctx, "declined", simulator.TokenDeclined)
		require.Error(t, err)
		b.held(t, "refused", simulator.TokenCaptureDeclined)
		_, err = b.capture(ctx, "refused")
		require.Error(t, err)

		healthy := b.audit(t, 100)
		require.Len(t, healthy, 6)
		for saga, f := range healthy {
			require.Empty(t, f.Differ, saga)
			require.Empty(t, f.Wrong, saga)
			require.Empty(t, f.Open, saga)
			require.False(t, f.Blind, saga)
			require.False(t, f.Since.IsZero(), saga)
		}
		hold := []paymentaudit.HoldFact{{Step: "payment.authorize", Ours: payment.Authorized, Provider: true, Amount: total, Undoable: true}}
		require.Equal(t, hold, healthy["held"].Holds)
		require.Equal(t, hold, healthy["refused"].Holds)
		taken := paymentaudit.Taken{Captures: 1, Captured: total.Minor, Refunded: 100, Currency: "EUR"}
		require.Equal(t, taken, healthy["taken"].Ours)
		require.Equal(t, taken, healthy["taken"].Provider)
		require.Empty(t, healthy["taken"].Holds)
		require.Empty(t, healthy["voided"].Holds)
		require.Equal(t, []money.Amount{total}, healthy["voided"].Asked)
		require.True(t, healthy["declined"].Provider.IsZero())
		for limit := 1; limit <= 7; limit++ {
			require.Equal(t, healthy, b.audit(t, limit), "limit %d", limit)
		}
		a := compare.New(b.store, b.book)
		page, err := a.Audit(ctx, audit.Range{Sagas: []string{"taken", "nobody"}})
		require.NoError(t, err)
		require.Equal(t, []paymentaudit.Fact{healthy["taken"]}, page.Facts)
		wrong, err := b.store.AuditLedger(ctx)
		require.NoError(t, err)
		require.Empty(t, wrong)
	})
}

func TestAuditFindsBooksThatDiffer(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b *testBundle) {
		ctx := t.Context()
		theirs := func(statement string, args ...any) {
			require.NoError(t, b.theirs.Exec(statement, args...).Error)
		}
		ours := func(statement string, args ...any) { require.NoError(t, b.db.Exec(statement, args...).Error) }

		b.held(t, "revived", simulator.TokenVisa)
		require.NoError(t, b.Void(ctx, authorizeKey("revived")))
		theirs("UPDATE effects SET state = 'authorized' WHERE key = 'revived/payment.authorize'")
		b.taken(t, "cheap")
		theirs("UPDATE effects SET amount = 1 WHERE key = 'cheap/payment.capture'")
		b.taken(t, "forgotten")
		theirs("DELETE FROM effects WHERE key = 'forgotten/payment.capture'")
		b.taken(t, "restored")
		ours("DELETE FROM barrier WHERE saga = 'restored' AND step = 'payment.capture'")
		b.taken(t, "twice")
		_, err := b.book.Authorize(ctx, provider.Authorization{Key: "twice/payment.authorize#1", Amount: total, Token: simulator.TokenVisa})
		require.NoError(t, err)
		_, err = b.book.Capture(ctx, provider.Capture{Key: "twice/payment.capture#1", Authorization: "twice/payment.authorize#1", Amount: total})
		require.NoError(t, err)
		b.taken(t, "phoned")
		b.refundPastUs(t, "phoned", eur(5))

		facts := b.audit(t, 3)
		differ := func(saga string) []string {
			var all []string
			for _, d := range facts[saga].Differ {
				all = append(all, d.What)
			}
			return all
		}
		require.Equal(t, []string{"payment.authorize: our payment of 126.00 EUR is voided, the provider's authorization of 126.00 EUR is authorized"}, differ("revived"))
		require.Equal(t, []paymentaudit.HoldFact{{Step: "payment.authorize", Ours: payment.Voided, Provider: true, Amount: total}}, facts["revived"].Holds)
		require.Equal(t, []string{"payment.capture: our capture of 126.00 EUR is done, the provider's capture of 0.01 EUR is captured"}, differ("cheap"))
		require.Equal(t, []string{"payment.capture: our capture of 126.00 EUR is done, the provider has nothing"}, differ("forgotten"))
		require.True(t, facts["restored"].Blind)
		require.Equal(t, []string{"payment.capture: the capture is done, its barrier is not there"}, facts["restored"].Wrong)
		require.Equal(t, 2, facts["twice"].Provider.Captures)
		require.Equal(t, 1, facts["twice"].Ours.Captures)
		require.Len(t, differ("twice"), 2)
		require.True(t, facts["twice"].Blind)
		require.Equal(t, []string{"dashboard: we have nothing, the provider's refund of 0.05 EUR is refunded"}, differ("dashboard"), "a stranger's key is a saga of its own")

		a := compare.New(b.store, b.book)
		page, err := a.Audit(ctx, audit.Range{Sagas: []string{"dashboard", "twice", "revived"}})
		require.NoError(t, err)
		require.Len(t, page.Facts, 3, "the second look, by id, sees the same")
		for _, f := range page.Facts {
			require.Equal(t, facts[f.Saga], f)
		}
	})
}

func TestAuditFindsALedgerThatDoesNotAddUp(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b *testBundle) {
		ctx := t.Context()
		b.taken(t, "a")
		id := b.payment(t, "a").ID
		for _, damage := range []struct{ statement, back, want string }{
			{
				"UPDATE postings SET amount = amount - 1 WHERE account = 'revenue'", "UPDATE postings SET amount = amount + 1 WHERE account = 'revenue'",
				"the ledger does not sum to zero: EUR by -1 minor units",
			},
			{
				"UPDATE payments SET captured = captured - 1", "UPDATE payments SET captured = captured + 1",
				"the transfers do not explain payment " + id + " of a, which is captured",
			},
			{
				"UPDATE invoices SET amount = amount + 1", "UPDATE invoices SET amount = amount - 1",
				"the invoice is not what was captured of payment " + id + " of a",
			},
			{
				"UPDATE transfers SET state = 'intent'", "UPDATE transfers SET state = 'done'",
				"the transfers do not explain payment " + id + " of a, which is captured",
			},
		} {
			require.NoError(t, b.db.Exec(damage.statement).Error)
			wrong, err := b.store.AuditLedger(ctx)
			require.NoError(t, err)
			require.Contains(t, wrong, damage.want, damage.statement)
			require.NoError(t, b.db.Exec(damage.back).Error)
			wrong, err = b.store.AuditLedger(ctx)
			require.NoError(t, err)
			require.Empty(t, wrong)
		}
	})
}

// A hold that was released and never posted sums to zero, and so does a posted
// release of a payment that is not voided.
func TestAuditFindsAReleaseThatTheLedgerDoesNotExplain(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b *testBundle) {
		ctx := t.Context()
		b.held(t, "voided", simulator.TokenVisa)
		require.NoError(t, b.Void(ctx, authorizeKey("voided")))
		require.NoError(t, b.Void(ctx, authorizeKey("blocked")))
		_, err := b.authorize(ctx, "declined", simulator.TokenDeclined)
		require.Error(t, err)
		audit := func() []string {
			wrong, err := b.store.AuditLedger(ctx)
			require.NoError(t, err)
			return wrong
		}
		require.Empty(t, audit())
		require.NoError(t, b.db.Exec("DELETE FROM postings").Error)
		require.Equal(t, []string{"the ledger does not explain payment " + b.payment(t, "voided").ID + " of voided, which is voided"}, audit())
	})
}
