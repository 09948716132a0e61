package store_test

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/proof/told"
	"github.com/amends/amends/saga/audit"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/saga/ledger"
	"github.com/amends/amends/services/order"
	orderaudit "github.com/amends/amends/services/order/audit"
)

func refundKey(id, step string, number int) key.Key {
	return key.Key{Saga: id, Step: "order." + step, Generation: number}
}

// opened confirms an order, and opens a refund of 20 EUR of it.
func (b testBundle) opened(t *testing.T, id, refund string, number int) order.RefundOpening {
	t.Helper()
	b.create(t, id)
	_, err := b.Confirm(t.Context(), confirm(id), confirmed())
	require.NoError(t, err)
	return b.open(t, id, refund, number)
}

func (b testBundle) open(t *testing.T, id, refund string, number int) order.RefundOpening {
	t.Helper()
	o := order.RefundOpening{ID: refund, Amount: money.New(2000, "EUR"), TakeBack: true, At: stored(noted)}
	for range 2 {
		require.NoError(t, b.OpenRefund(t.Context(), refundKey(id, "open_refund", number), o))
	}
	return o
}

func stored(at time.Time) time.Time { return at.Truncate(time.Microsecond) }

func closing(refund string, s order.RefundStatus, at time.Time) order.RefundClosing {
	return order.RefundClosing{
		Status: s, Note: order.RefundNote{ID: refund, At: at},
		Opening: order.RefundOpening{ID: refund, Amount: money.New(2000, "EUR"), TakeBack: true, At: stored(noted)},
	}
}

func TestARefundIsOpenedOnceAndEndsOnce(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b testBundle) {
		ctx, k := t.Context(), refundKey("a", "close_refund", 7)
		o := b.opened(t, "a", "r1", 7)
		pending, err := b.PendingRefunds(ctx, 10)
		require.NoError(t, err)
		require.Equal(t, []order.Refund{{OrderID: "a", Opening: o, Number: 7, Status: order.RefundPending}}, pending)

		_, err = b.PendingRefunds(ctx, 0)
		require.Equal(t, fault.Invalid, fault.CodeOf(err))
		require.Equal(t, fault.Invalid, fault.CodeOf(b.CloseRefund(ctx, k, closing("r1", order.RefundPending, noted))))
		r := told.New(b.db)
		r.Events(t)
		for i := range 3 { // a repeat counts nothing
			require.NoError(t, b.CloseRefund(ctx, k, closing("r1", order.RefundDone, noted.Add(time.Duration(i)))))
		}
		events := r.Events(t)
		require.Len(t, events, 1)
		made := told.Read(t, order.RefundedFact, events[0])
		require.Equal(t, &order.MadeRefund{ID: "r1", Amount: o.Amount}, made.Refund)
		require.Equal(t, &o.Amount, made.Refunded)
		require.Equal(t, order.IllegalTransition, fault.CodeOf(b.CloseRefund(ctx, k, closing("r1", order.RefundRefused, noted))))
		b.open(t, "a", "r1", 7) // late: it stays DONE
		for _, other := range []order.RefundOpening{
			{ID: "r1", Amount: money.New(1999, "EUR"), TakeBack: true, At: o.At}, {ID: "r1", Amount: o.Amount, At: o.At},
		} {
			err := b.OpenRefund(ctx, refundKey("a", "open_refund", 7), other)
			require.Equal(t, fault.Conflict, fault.CodeOf(err), "it is another request")
			require.Equal(t, fault.Bug, fault.KindOf(err))
		}

		require.NoError(t, b.CloseRefund(ctx, refundKey("a", "refuse_refund", 8), closing("r2", order.RefundRefused, noted)))
		b.open(t, "a", "r2", 8) // late: it stays REFUSED
		require.Empty(t, r.Events(t), "a customer is told of money only")
		rec, err := b.Get(ctx, "a")
		require.NoError(t, err)
		require.EqualValues(t, 2000, rec.Refunded)
		pending, err = b.PendingRefundsOf(ctx, "a")
		require.NoError(t, err)
		require.Empty(t, pending)
		all, err := b.Refunds(ctx, "a")
		require.NoError(t, err)
		require.Len(t, all, 2)
		require.Equal(t, []any{"r1", order.RefundDone, "r2", order.RefundRefused}, []any{all[0].ID, all[0].Status, all[1].ID, all[1].Status})
		all, err = b.Refunds(ctx, "b")
		require.NoError(t, err)
		require.Empty(t, all)
		page, err := b.Audit(ctx, audit.Range{Limit: 10})
		require.NoError(t, err)
		require.EqualValues(t, 2000, page.Facts[0].Refunded)
		require.Equal(t, []orderaudit.MadeRefund{{ID: "r1", At: stored(noted)}}, page.Facts[0].Made)
		require.Empty(t, page.Facts[0].Judge())
	})
}

func TestOnlyConfirmedOrdersAreRefunded(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b testBundle) {
		b.create(t, "a")
		o := order.RefundOpening{ID: "r1", Amount: money.New(1, "EUR"), At: noted}
		for id, want := range map[string]fault.Code{"a": order.IllegalTransition, "nothing": fault.NotFound} {
			err := b.OpenRefund(t.Context(), refundKey(id, "open_refund", 1), o)
			require.Equal(t, want, fault.CodeOf(err), id)
			require.Equal(t, fault.Bug, fault.KindOf(err))
		}
		require.Equal(t, fault.NotFound, fault.CodeOf(b.NoteRefund(t.Context(), refundKey("a", "note_refund", 1), order.RefundNote{ID: "r1", At: noted})))
		require.Equal(t, fault.NotFound, fault.CodeOf(b.CloseRefund(t.Context(), refundKey("a", "close_refund", 1), closing("r1", order.RefundDone, noted))))
		for _, id := range []string{"a", "nothing"} {
			require.NoError(t, b.CloseRefund(t.Context(), refundKey(id, "refuse_refund", 1), closing("r1", order.RefundRefused, noted)), "there is nothing to refuse")
		}
	})
}

// The flags of an order's own saga and of its refunds do not replace each other.
func TestEachSagaOfAnOrderHasItsOwnFlags(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b testBundle) {
		ctx := t.Context()
		b.opened(t, "a", "r1", 1)
		b.open(t, "a", "r2", 2)
		away := ledger.Attention{Step: "payment.refund", Code: "PROVIDER_TIMEOUT", Kind: "unknown", Owed: "money paid back", Since: noted}
		retried := ledger.Repair{Step: "payment.refund", Action: ledger.Retry, Reason: "it is back", Operator: "night", At: noted}
		of := func(refund string) ledger.Attention { a := away; a.Saga = refund; return a }
		flagged := func() []ledger.Attention {
			rec, err := b.Get(t.Context(), "a")
			require.NoError(t, err)
			return rec.Attention
		}
		note := func(refund string, number int, at time.Time, flags ...ledger.Attention) {
			require.NoError(t, b.NoteRefund(ctx, refundKey("a", "note_refund", number),
				order.RefundNote{ID: refund, At: at, Attention: flags, Repairs: []ledger.Repair{retried}}))
		}
		note("r1", 1, noted, away)
		note("r2", 2, noted, away)
		require.Equal(t, []ledger.Attention{of("r1"), of("r2")}, flagged())
		n, err := b.Count(ctx, order.Filter{NeedsAttention: true})
		require.NoError(t, err)
		require.EqualValues(t, 1, n)

		// The order's workflow is reset, and notes that it has none.
		require.NoError(t, b.Note(ctx, key.New("a", "order.note"), order.Note{At: noted.Add(time.Hour), Attention: []ledger.Attention{parcel}}))
		require.Equal(t, []ledger.Attention{parcel, of("r1"), of("r2")}, flagged())

		note("r1", 1, noted.Add(time.Second))
		note("r1", 1, noted, away) // late
		require.Equal(t, []ledger.Attention{parcel, of("r2")}, flagged())
		require.NoError(t, b.CloseRefund(ctx, refundKey("a", "close_refund", 2), closing("r2", order.RefundDone, noted.Add(-time.Hour))))
		require.Equal(t, []ledger.Attention{parcel}, flagged(), "the end counts even if its clock is behind")
		rec, err := b.Get(ctx, "a")
		require.NoError(t, err)
		retried.Saga = "r1"
		require.Equal(t, []ledger.Repair{retried}, rec.Repairs, "the last note of r2 has none")
	})
}

func TestALastingFlagOfARefundIsAcknowledgedWithTheOrder(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b testBundle) {
		ctx := t.Context()
		b.opened(t, "a", "r1", 1)
		bug := ledger.Attention{Step: "payment.refund", Code: "NOTHING_CAPTURED", Kind: fault.Bug, Since: stored(noted), Lasting: true}
		end := closing("r1", order.RefundRefused, noted)
		end.Attention = []ledger.Attention{bug}
		require.NoError(t, b.CloseRefund(ctx, refundKey("a", "refuse_refund", 1), end))
		rec, err := b.Acknowledge(ctx, acknowledge("a"), looked("night"))
		require.NoError(t, err)
		require.Empty(t, rec.Attention)
		end.At = noted.Add(time.Hour) // the workflow is reset, and raises it again
		require.NoError(t, b.CloseRefund(ctx, refundKey("a", "refuse_refund", 1), end))
		rec, err = b.Get(ctx, "a")
		require.NoError(t, err)
		require.Empty(t, rec.Attention)
	})
}

func TestRefundsOfOneOrderAtOnceAllCount(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b testBundle) {
		b.opened(t, "a", "r0", 0)
		var all sync.WaitGroup
		for i := 1; i < 10; i++ {
			all.Go(func() {
				id := string(rune('a' + i))
				err := b.OpenRefund(t.Context(), refundKey("a", "open_refund", i), order.RefundOpening{ID: id, Amount: money.New(100, "EUR"), At: noted})
				if err == nil {
					err = b.CloseRefund(t.Context(), refundKey("a", "close_refund", i), closing(id, order.RefundDone, noted))
				}
				if err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		rec, err := b.Get(t.Context(), "a")
		require.NoError(t, err)
		require.EqualValues(t, 900, rec.Refunded)
	})
}
