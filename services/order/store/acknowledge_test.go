package store_test

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga/audit"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/saga/ledger"
	"github.com/amends/amends/services/order"
)

// Flags that stay when their order is decided.
var (
	mismatch = ledger.Attention{Step: "payment.authorize", Code: "REQUEST_MISMATCH", Kind: "bug", Since: noted, Lasting: true}
	invalid  = ledger.Attention{Step: "shipping.book", Code: "INVALID", Kind: "bug", Since: noted, Lasting: true}
)

func acknowledge(id string) key.Key { return key.New(id, "order.acknowledge") }

func looked(operator string) ledger.Acknowledgement {
	return ledger.Acknowledgement{Reason: "read the log", Operator: operator, Reference: "case 4711", At: noted.Add(time.Hour)}
}

// flagged is an order that was cancelled and stays flagged.
func (b testBundle) flagged(t *testing.T, id string) order.Record {
	t.Helper()

	b.create(t, id)
	c := cancelled(order.Internal)
	c.Note = order.Note{At: noted, Attention: []ledger.Attention{mismatch, invalid}}
	rec, err := b.Cancel(t.Context(), cancel(id), c)
	require.NoError(t, err)
	return rec
}

func (b testBundle) counted(t *testing.T, f order.Filter) int64 {
	t.Helper()

	n, err := b.Count(t.Context(), f)
	require.NoError(t, err)
	return n
}

func TestAcknowledgeUnlistsAndKeepsTheTrace(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b testBundle) {
		before := b.flagged(t, "o1")
		require.EqualValues(t, 1, b.counted(t, order.Filter{NeedsAttention: true}))
		require.Zero(t, b.counted(t, order.Filter{Acknowledged: true}))

		rec, err := b.Acknowledge(t.Context(), acknowledge("o1"), looked("night"))
		require.NoError(t, err)
		kept := looked("night")
		kept.Flags = []ledger.Attention{mismatch, invalid}
		want := before
		want.Version, want.Attention, want.Acknowledgements = before.Version+1, nil, []ledger.Acknowledgement{kept}
		require.Equal(t, want, rec, "nothing else has moved")
		b.requireStored(t, rec)
		require.Len(t, b.history(t, "o1"), 1, "it is no change of status")

		require.Zero(t, b.counted(t, order.Filter{NeedsAttention: true}))
		page, err := b.List(t.Context(), order.Filter{Acknowledged: true, Status: order.Cancelled, Limit: 10})
		require.NoError(t, err)
		require.Equal(t, []order.Record{rec}, page)
		audit, err := b.Audit(t.Context(), audit.Range{Sagas: []string{"o1"}})
		require.NoError(t, err)
		require.False(t, audit.Facts[0].NeedsAttention)
		require.Empty(t, audit.Facts[0].Wrong)

		again, err := b.Acknowledge(t.Context(), acknowledge("o1"), looked("day"))
		require.NoError(t, err)
		require.Equal(t, rec, again, "the first one stays")
		b.requireStored(t, rec)
	})
}

func TestANewFlagAfterAnAcknowledgementIsListedAgain(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b testBundle) {
		b.flagged(t, "o1")
		_, err := b.Acknowledge(t.Context(), acknowledge("o1"), looked("night"))
		require.NoError(t, err)
		require.NoError(t, b.Note(t.Context(), note("o1"), order.Note{At: noted.Add(time.Second), Attention: []ledger.Attention{mismatch, invalid}}))
		require.Zero(t, b.counted(t, order.Filter{NeedsAttention: true}), "the same flags, told late")

		other := mismatch
		other.Since = noted.Add(30 * time.Minute)
		require.NoError(t, b.Note(t.Context(), note("o1"), order.Note{At: noted.Add(time.Minute), Attention: []ledger.Attention{mismatch, other}}))
		got, err := b.Get(t.Context(), "o1")
		require.NoError(t, err)
		require.Equal(t, []ledger.Attention{other}, got.Attention)
		require.EqualValues(t, 1, b.counted(t, order.Filter{NeedsAttention: true, Acknowledged: true}))

		rec, err := b.Acknowledge(t.Context(), acknowledge("o1"), looked("day"))
		require.NoError(t, err)
		require.Len(t, rec.Acknowledgements, 2)
		require.Equal(t, []ledger.Attention{other}, rec.Acknowledgements[1].Flags)
		b.requireStored(t, rec)
	})
}

func TestAcknowledgeRefuses(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b testBundle) {
		b.create(t, "o1")
		require.NoError(t, b.Note(t.Context(), note("o1"), order.Note{At: noted, Attention: []ledger.Attention{mismatch}}))
		running, err := b.Get(t.Context(), "o1")
		require.NoError(t, err)
		_, err = b.Acknowledge(t.Context(), acknowledge("o1"), looked("night"))
		requireFault(t, err, fault.Business, order.NotDecided)
		b.requireStored(t, running)

		b.create(t, "o2")
		well, err := b.Confirm(t.Context(), confirm("o2"), confirmed())
		require.NoError(t, err)
		_, err = b.Acknowledge(t.Context(), acknowledge("o2"), looked("night"))
		requireFault(t, err, fault.Business, order.NothingToAcknowledge)
		b.requireStored(t, well)

		_, err = b.Acknowledge(t.Context(), acknowledge("never"), looked("night"))
		requireFault(t, err, fault.Business, fault.NotFound)
	})
}

func TestOfManyAcknowledgementsAtOnceOneStays(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b testBundle) {
		b.flagged(t, "o1")
		operators := []string{"a", "b", "c", "d"}
		var all sync.WaitGroup
		errs := make([]error, len(operators))
		for i, operator := range operators {
			all.Go(func() {
				errs[i] = patiently(func() error {
					_, err := b.Acknowledge(t.Context(), acknowledge("o1"), looked(operator))
					return err
				})
			})
		}
		all.Wait()
		for _, err := range errs {
			require.NoError(t, err)
		}
		got, err := b.Get(t.Context(), "o1")
		require.NoError(t, err)
		require.Len(t, got.Acknowledgements, 1)
		require.Contains(t, operators, got.Acknowledgements[0].Operator)
	})
}

func TestTheListOfAcknowledgedOrdersReadsFew(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b testBundle) {
		require.Contains(t, b.plan(t, "acknowledgements <> '[]'"), "orders_acknowledged")
	})
}
