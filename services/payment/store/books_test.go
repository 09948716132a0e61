package store_test

import (
	"context"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/saga/audit"
	"github.com/amends/amends/services/payment"
	paymentaudit "github.com/amends/amends/services/payment/audit"
	"github.com/amends/amends/services/payment/audit/compare"
	"github.com/amends/amends/services/payment/posting"
	"github.com/amends/amends/services/payment/provider"
	"github.com/amends/amends/services/payment/provider/simulator"
	"github.com/amends/amends/services/payment/transfer"
)

// holds says what the provider's authorization may be if our payment is in that
// state; "" stands for no effect. What expired there is void here.
var holds = map[payment.State][]provider.State{
	payment.Authorized: {provider.Authorized, provider.Expired},
	payment.Declined:   {provider.Declined},
	payment.Voided:     {provider.Voided, provider.Expired, ""},
	payment.Captured:   {provider.Captured},
	payment.Refunded:   {provider.Captured},
}

// transfers is the same for a transfer.
func transfers(t transfer.Transfer) provider.State {
	switch t.State {
	case transfer.Done:
		if t.Kind == transfer.Refund {
			return provider.Refunded
		}
		return provider.Captured
	case transfer.Declined:
		return provider.Declined
	default:
		return ""
	}
}

// requireBooksAgree compares our rows with the provider's, one by one, and both
// with the ledger. Nothing may be at intent.
func (b *testBundle) requireBooksAgree(ctx context.Context, t require.TestingT) {
	entries, err := b.book.Book(ctx)
	require.NoError(t, err)
	theirs := map[string]simulator.Entry{}
	for _, e := range entries {
		theirs[e.Key] = e
	}
	payments, err := b.store.Payments(ctx)
	require.NoError(t, err)
	want := map[posting.Balance]int64{}
	add := func(a posting.Account, c money.Currency, minor int64) {
		if minor != 0 {
			want[posting.Balance{Account: a, Currency: c}] += minor
		}
	}
	for _, p := range payments {
		k := p.Key.String()
		e := theirs[k]
		delete(theirs, k)
		require.Contains(t, holds[p.State], e.State, "%s is %s", k, p.State)
		if e.State != "" {
			require.Equal(t, p.Amount, e.Amount, k)
			if p.TokenHash != "" { // else it was learned from the provider
				require.Equal(t, p.TokenHash, e.TokenHash, k)
			}
		}
		if p.ProviderReference != "" {
			require.Equal(t, p.ProviderReference, e.Reference, k)
		}
		if p.State == payment.Authorized {
			add(posting.FundsHeld, p.Amount.Currency, p.Amount.Minor)
			add(posting.FundsHeldContra, p.Amount.Currency, -p.Amount.Minor)
		}
		add(posting.ProviderReceivable, p.Amount.Currency, p.Captured-p.Refunded)
		add(posting.Revenue, p.Amount.Currency, -p.Captured)
		add(posting.Refunds, p.Amount.Currency, p.Refunded)
		require.Zero(t, p.Refunding, k)
	}
	all, err := b.store.Transfers(ctx)
	require.NoError(t, err)
	for _, tr := range all {
		k := tr.Key.String()
		e := theirs[k]
		delete(theirs, k)
		require.NotEqual(t, transfer.Intent, tr.State, k)
		require.Equal(t, transfers(tr), e.State, k)
		if e.State != "" {
			require.Equal(t, tr.Amount, e.Amount, k)
			require.Equal(t, tr.Target, e.Target, k)
		}
		if tr.ProviderReference != "" {
			require.Equal(t, tr.ProviderReference, e.Reference, k)
		}
	}
	require.Empty(t, theirs, "the provider knows of effects that we do not")
	b.requireLedger(ctx, t, want)
	b.requireHealthy(ctx, t)
}

// requireHealthy requires that an audit, which compares more than the last state
// of each row, has nothing to say.
func (b *testBundle) requireHealthy(ctx context.Context, t require.TestingT) {
	page, err := compare.New(b.store, b.book).Audit(ctx, audit.Range{Limit: 500})
	require.NoError(t, err)
	require.Empty(t, page.Next)
	for _, f := range page.Facts {
		said := paymentaudit.Fact{Wrong: f.Wrong, Differ: f.Differ, Undone: f.Undone, Answers: f.Answers, Open: f.Open, Blind: f.Blind}
		require.Equal(t, paymentaudit.Fact{}, said, f.Saga)
	}
	wrong, err := b.store.AuditLedger(ctx)
	require.NoError(t, err)
	require.Empty(t, wrong)
}

func (b *testBundle) requireLedger(ctx context.Context, t require.TestingT, want map[posting.Balance]int64) {
	ledger, err := b.store.Ledger(ctx)
	require.NoError(t, err)
	balances, err := posting.Balances(ledger)
	require.NoError(t, err)
	got := map[posting.Balance]int64{}
	for k, a := range balances {
		if !a.IsZero() {
			got[k] = a.Minor
		}
	}
	for k, v := range want {
		if v == 0 {
			delete(want, k)
		}
	}
	require.Equal(t, want, got)
}
