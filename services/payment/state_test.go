package payment_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/services/payment"
	"github.com/amends/amends/services/payment/posting"
	"github.com/amends/amends/services/payment/transfer"
)

var at = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func newPayment(minor int64) payment.Payment {
	h := payment.AuthorizeRequest{Amount: money.New(minor, "EUR"), Token: "tok_visa"}.Hold()
	return payment.NewPayment("p1", key.New("order-1", "payment.authorize"), h, at)
}

func line(account posting.Account, minor int64, currency money.Currency) posting.Line {
	return posting.Line{Account: account, Amount: money.New(minor, currency)}
}

// legal is the whole state machine of a payment.
var legal = map[payment.State][]payment.State{
	payment.Intent:     {payment.Authorized, payment.Declined, payment.Voided},
	payment.Authorized: {payment.Captured, payment.Voided},
	payment.Captured:   {payment.Refunded},
}

func TestPaymentMovesOnlyLegallyAndBalances(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(t *rapid.T) {
		p := newPayment(rapid.Int64Range(1, 1000).Draw(t, "amount"))
		var ledger []posting.Set
		var set posting.Set
		var err error
		amount := func() money.Amount { return money.New(rapid.Int64Range(-1, 1000).Draw(t, "minor"), "EUR") }
		move := func(f func()) func(*rapid.T) {
			return func(t *rapid.T) {
				before := p
				set, err = posting.Set{}, nil
				f()
				if err != nil {
					require.Equal(t, before, p, "a refused move changes nothing")
					require.Empty(t, set, "a refused move books nothing")
					return
				}
				if before.State != p.State {
					require.True(t, slices.Contains(legal[before.State], p.State), "%s to %s", before.State, p.State)
				}
				if len(set.Lines) > 0 {
					ledger = append(ledger, set)
				}
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"authorize":   move(func() { set, err = p.Authorize("ref", at) }),
			"decline":     move(func() { err = p.Decline(payment.CardDeclined, at) }),
			"void":        move(func() { set, err = p.Void(at) }),
			"capture":     move(func() { set, err = p.Capture(amount(), at) }),
			"startRefund": move(func() { err = p.StartRefund(amount(), at) }),
			"refund":      move(func() { set, err = p.Refund(amount(), at) }),
			"dropRefund":  move(func() { err = p.DropRefund(amount(), at) }),
			"": func(t *rapid.T) {
				sums, err := posting.Balances(ledger)
				require.NoError(t, err)
				held := int64(0)
				if p.State == payment.Authorized {
					held = p.Amount.Minor
				}
				of := func(a posting.Account) int64 { return sums[posting.Balance{Account: a, Currency: "EUR"}].Minor }
				require.Equal(t, held, of(posting.FundsHeld))
				require.Equal(t, -held, of(posting.FundsHeldContra))
				require.Equal(t, p.Captured-p.Refunded, of(posting.ProviderReceivable))
				require.Equal(t, -p.Captured, of(posting.Revenue))
				require.Equal(t, p.Refunded, of(posting.Refunds))
				require.LessOrEqual(t, p.Captured, p.Amount.Minor)
				require.LessOrEqual(t, p.Refunded+p.Refunding, p.Captured)
			},
		})
	})
}

func TestPayment(t *testing.T) {
	t.Parallel()

	captured := func(t *testing.T) payment.Payment {
		t.Helper()
		p := newPayment(100)
		_, err := p.Authorize("ref", at)
		require.NoError(t, err)
		_, err = p.Capture(money.New(80, "EUR"), at)
		require.NoError(t, err)
		return p
	}

	t.Run("ReleasesTheWholeHoldOnAPartialCapture", func(t *testing.T) {
		t.Parallel()
		p := newPayment(100)
		_, err := p.Authorize("ref", at)
		require.NoError(t, err)
		set, err := p.Capture(money.New(80, "EUR"), at)
		require.NoError(t, err)
		require.ElementsMatch(t, []posting.Line{
			line(posting.FundsHeld, -100, "EUR"), line(posting.FundsHeldContra, 100, "EUR"),
			line(posting.ProviderReceivable, 80, "EUR"), line(posting.Revenue, -80, "EUR"),
		}, set.Lines)
	})

	t.Run("IsRefundedOnlyWhenAllIsPaidBack", func(t *testing.T) {
		t.Parallel()
		p := captured(t)
		for _, want := range []payment.State{payment.Captured, payment.Refunded} {
			require.NoError(t, p.StartRefund(money.New(40, "EUR"), at))
			_, err := p.Refund(money.New(40, "EUR"), at)
			require.NoError(t, err)
			require.Equal(t, want, p.State)
		}
		err := p.StartRefund(money.New(1, "EUR"), at)
		require.Equal(t, payment.RefundExceedsCapture, fault.CodeOf(err))
		require.Equal(t, fault.Business, fault.KindOf(err))
	})

	t.Run("CountsRefundsOnTheirWay", func(t *testing.T) {
		t.Parallel()
		p := captured(t)
		require.NoError(t, p.StartRefund(money.New(50, "EUR"), at))
		require.Equal(t, payment.RefundExceedsCapture, fault.CodeOf(p.StartRefund(money.New(31, "EUR"), at)))
		require.NoError(t, p.DropRefund(money.New(50, "EUR"), at))
		require.NoError(t, p.StartRefund(money.New(80, "EUR"), at))
	})

	t.Run("RefusesAnotherCurrency", func(t *testing.T) {
		t.Parallel()
		p := newPayment(100)
		_, err := p.Authorize("ref", at)
		require.NoError(t, err)
		_, err = p.Capture(money.New(80, "USD"), at)
		require.Equal(t, payment.CaptureExceedsAuthorization, fault.CodeOf(err))
		require.Equal(t, fault.Bug, fault.KindOf(err))
	})
}

func TestTransferLeavesIntentOnce(t *testing.T) {
	t.Parallel()

	moves := map[transfer.State]func(*transfer.Transfer) error{
		transfer.Done:     func(t *transfer.Transfer) error { return t.Finish("ref", at) },
		transfer.Declined: func(t *transfer.Transfer) error { return t.Decline(payment.CaptureDeclined, at) },
		transfer.Blocked:  func(t *transfer.Transfer) error { return t.Block(at) },
	}
	for first, leave := range moves {
		for _, again := range moves {
			tr := transfer.Transfer{Kind: transfer.Capture, State: transfer.Intent}
			require.NoError(t, leave(&tr))
			require.Equal(t, first, tr.State)
			before := tr
			require.Equal(t, fault.Bug, fault.KindOf(again(&tr)))
			require.Equal(t, before, tr)
		}
	}
}

func TestARequestShowsNoToken(t *testing.T) {
	t.Parallel()

	req := payment.AuthorizeRequest{Amount: money.New(1, "EUR"), Token: "tok_secret"}
	require.NotContains(t, req.String(), "secret")
	require.NotContains(t, req.Hold().TokenHash, "secret")
	require.NotEqual(t, req.Hold(), payment.AuthorizeRequest{Amount: req.Amount, Token: "tok_other"}.Hold())
}
