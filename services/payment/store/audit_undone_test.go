package store_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/saga/audit"
	"github.com/amends/amends/services/payment"
	"github.com/amends/amends/services/payment/audit/compare"
	"github.com/amends/amends/services/payment/provider/simulator"
)

// No sequence of calls leaves these: an undo without its do, or a recorded answer
// that did not happen. $ stands for the saga.
func TestAuditFindsWhatWasUndoneOrAnsweredOtherwise(t *testing.T) {
	t.Parallel()

	for _, tc := range []struct {
		saga, book, damage string
		undone, answer     string // in words; %s stands for an id
		differ             string
	}{
		{
			saga: "voided", book: "ours", damage: "DELETE FROM postings; DELETE FROM payments WHERE saga = '$'",
			undone: "payment.authorize: it was undone, and we have nothing that could have been taken back",
		},
		{
			saga: "voided", book: "ours", damage: `UPDATE barrier SET outcome = replace(outcome, '12600', '1') WHERE saga = '$'`,
			undone: `payment.authorize: it was undone, but not as it had been done: it was answered {"payment_id":"%s","provider_reference":"%s","amount":{"amount":1,`,
		},
		{
			saga: "voided", book: "theirs", damage: "UPDATE effects SET amount = 1 WHERE key = '$/payment.authorize'",
			undone: "payment.authorize: our payment of 126.00 EUR was taken back, the provider's authorization of 0.01 EUR is voided",
		},
		{
			saga: "voided", book: "theirs", damage: "DELETE FROM effects WHERE key = '$/payment.authorize'",
			undone: "payment.authorize: our payment of 126.00 EUR was taken back, the provider has nothing",
		},
		{
			saga: "voided", book: "theirs", damage: "UPDATE effects SET reference = 'other' WHERE key = '$/payment.authorize'",
			undone: "payment.authorize: our payment %s was taken back, the provider's is other",
		},
		{
			saga: "voided", book: "ours", damage: "UPDATE barrier SET state = 'blocked' WHERE saga = '$' AND step = 'payment.authorize'",
			undone: "payment.authorize: our payment of 126.00 EUR never came to be, its barrier is blocked, the provider's authorization of 126.00 EUR is voided",
		},
		{
			saga: "declined", book: "theirs", damage: "UPDATE effects SET state = 'voided', reason = '' WHERE key = '$/payment.authorize'",
			undone: "payment.authorize: our payment of 126.00 EUR never came to be, its barrier is refused, the provider's authorization of 126.00 EUR is voided",
		},
		{
			saga: "voided", book: "ours", damage: "DELETE FROM postings; DELETE FROM payments WHERE saga = '$'; DELETE FROM barrier WHERE saga = '$'",
			undone: "payment.authorize: the provider's authorization of 126.00 EUR is voided, and we have nothing that could have been taken back",
		},
		{
			saga: "held", book: "ours", damage: `UPDATE barrier SET outcome = replace(outcome, '12600', '1') WHERE saga = '$'`,
			answer: `payment.authorize: it was answered {"payment_id":"%s","provider_reference":"%s","amount":{"amount":1,"currency":"EUR"}}, the rows say {`,
		},
		{
			saga: "taken", book: "ours", damage: `UPDATE barrier SET outcome = replace(outcome, 'INV-', 'INW-') WHERE saga = '$' AND step = 'payment.capture'`,
			answer: `payment.capture: it was answered {"payment_id":"%s","provider_reference":"%s","invoice_number":"INW-00000001","amount":{"amount":12600,"currency":"EUR"}}, the rows say {`,
		},
		{
			saga: "taken", book: "ours", damage: `UPDATE barrier SET outcome = '' WHERE saga = '$' AND step = 'payment.refund'`,
			answer: `payment.refund: it was answered nothing, the rows say {"payment_id":"%s","provider_reference":"%s","amount":{"amount":100,"currency":"EUR"}}`,
		},
		{
			saga: "taken", book: "theirs", damage: "UPDATE effects SET reference = 'other' WHERE key = '$/payment.capture'",
			differ: "payment.capture: our capture of 126.00 EUR is done as %s, the provider's capture of 126.00 EUR is captured as other",
		},
		{
			saga: "held", book: "theirs", damage: "UPDATE effects SET reference = 'other' WHERE key = '$/payment.authorize'",
			differ: "payment.authorize: our payment of 126.00 EUR is authorized as %s, the provider's authorization of 126.00 EUR is authorized as other",
		},
	} {
		t.Run(fmt.Sprintf("%s %s %s", tc.saga, tc.book, tc.damage), func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, b *testBundle) {
				ctx := t.Context()
				b.held(t, "held", simulator.TokenVisa)
				b.taken(t, "taken")
				_, err := b.Refund(ctx, refundKey("taken", 0), payment.RefundRequest{Amount: eur(100)})
				require.NoError(t, err)
				b.held(t, "voided", simulator.TokenVisa)
				require.NoError(t, b.Void(ctx, authorizeKey("voided")))
				_, err = b.authorize(ctx, "declined", simulator.TokenDeclined)
				require.Error(t, err)
				b.requireHealthy(ctx, t)

				db := b.db
				if tc.book == "theirs" {
					db = b.theirs
				}
				for statement := range strings.SplitSeq(strings.ReplaceAll(tc.damage, "$", tc.saga), "; ") {
					require.NoError(t, db.Exec(statement).Error)
				}
				page, err := compare.New(b.store, b.book).Audit(ctx, audit.Range{Limit: 100})
				require.NoError(t, err)
				for _, f := range page.Facts {
					var undone, differ []string
					for _, d := range f.Undone {
						require.Equal(t, "payment.authorize", d.Step)
						undone = append(undone, d.What)
					}
					for _, d := range f.Differ {
						differ = append(differ, d.What)
					}
					if f.Saga != tc.saga {
						require.Empty(t, undone, f.Saga)
						require.Empty(t, f.Answers, f.Saga)
						continue
					}
					requireSays(t, tc.undone, undone)
					requireSays(t, tc.answer, f.Answers)
					requireSays(t, tc.differ, differ)
				}
			})
		})
	}
}

// requireSays requires that one of got begins with want, or that both are empty: a
// damage may be found from two sides.
func requireSays(t *testing.T, want string, got []string) {
	t.Helper()
	if want == "" {
		require.Empty(t, got)
		return
	}
	begins := regexp.MustCompile("^" + strings.ReplaceAll(regexp.QuoteMeta(want), "%s", `[\w-]+`))
	require.True(t, slices.ContainsFunc(got, begins.MatchString), "%q", got)
}
