package store_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/saga/ledger"
	"github.com/amends/amends/services/order"
)

var (
	noted  = time.Date(2026, 5, 4, 12, 0, 0, 123456789, time.UTC) // finer than a database keeps
	void   = ledger.Attention{Step: "payment.authorize", Code: "PROVIDER_TIMEOUT", Kind: "unknown", Owed: "money held", Since: noted}
	parcel = ledger.Attention{Step: "shipping.book", Code: "UNAVAILABLE", Kind: "transient", Owed: "parcels booked", Since: noted}
	waived = ledger.Waiver{
		Step: "payment.authorize", Code: "PROVIDER_TIMEOUT", Owed: "money held",
		Reason: "the provider is gone", Operator: "op_1", Reference: "TICKET-7", At: noted,
	}
)

func note(id string) key.Key { return key.Key{Saga: id, Step: "order.note"} }

func TestNoteIsKeptAtAnyStatus(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b testBundle) {
		rec := b.create(t, "o1")
		require.False(t, rec.NeedsAttention())
		require.NoError(t, b.Note(t.Context(), note("o1"), order.Note{At: noted, Attention: []ledger.Attention{void, parcel}}))
		got, err := b.Get(t.Context(), "o1")
		require.NoError(t, err)
		require.Equal(t, []ledger.Attention{void, parcel}, got.Attention)
		require.Equal(t, rec.UpdatedAt, got.UpdatedAt, "the order has not moved")

		later := order.Note{At: noted.Add(time.Second), Attention: []ledger.Attention{parcel}, Waivers: []ledger.Waiver{waived}}
		ended, err := b.Cancel(t.Context(), cancel("o1"), order.Closing{Reason: order.Deadline, Note: later})
		require.NoError(t, err)
		require.Equal(t, []ledger.Attention{parcel}, ended.Attention)
		require.Equal(t, []ledger.Waiver{waived}, ended.Waivers)
		b.requireStored(t, ended)

		require.NoError(t, b.Note(t.Context(), note("o1"), order.Note{At: noted.Add(2 * time.Second)}))
		got, err = b.Get(t.Context(), "o1")
		require.NoError(t, err)
		require.False(t, got.NeedsAttention(), "healed")
		require.Equal(t, []ledger.Waiver{waived}, got.Waivers, "a waiver is never taken back")
		require.Len(t, b.history(t, "o1"), 1, "a note is no change of status")
	})
}

func TestNoteThatIsNotYoungerChangesNothing(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b testBundle) {
		b.create(t, "o1")
		require.NoError(t, b.Note(t.Context(), note("o1"), order.Note{At: noted, Attention: []ledger.Attention{void}}))
		want, err := b.Get(t.Context(), "o1")
		require.NoError(t, err)
		for _, at := range []time.Time{noted, noted.Add(-time.Microsecond)} {
			require.NoError(t, b.Note(t.Context(), note("o1"), order.Note{At: at, Waivers: []ledger.Waiver{waived}}))
			b.requireStored(t, want)
		}
	})
}

// Another run may have noted it, on a machine whose clock was ahead.
func TestAClosingIsTheLastWord(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b testBundle) {
		b.create(t, "o1")
		require.NoError(t, b.Note(t.Context(), note("o1"), order.Note{At: noted, Attention: []ledger.Attention{void}}))
		c := cancelled(order.Deadline)
		c.Note = order.Note{At: noted.Add(-time.Hour), Attention: []ledger.Attention{parcel}}
		rec, err := b.Cancel(t.Context(), cancel("o1"), c)
		require.NoError(t, err)
		require.Equal(t, []ledger.Attention{parcel}, rec.Attention)
		require.NoError(t, b.Note(t.Context(), note("o1"), order.Note{At: noted}))
		b.requireStored(t, rec)
	})
}

func TestTheFirstWaiverOfAStepStays(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b testBundle) {
		b.create(t, "o1")
		second, other := waived, waived
		second.Reference = "TICKET-8"
		other.Step = "shipping.book"
		require.NoError(t, b.Note(t.Context(), note("o1"), order.Note{At: noted, Waivers: []ledger.Waiver{waived}}))
		require.NoError(t, b.Note(t.Context(), note("o1"), order.Note{At: noted.Add(time.Hour), Waivers: []ledger.Waiver{second, other}}))
		got, err := b.Get(t.Context(), "o1")
		require.NoError(t, err)
		require.Equal(t, []ledger.Waiver{waived, other}, got.Waivers)
	})
}

func TestARepeatedClosingBringsItsNote(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b testBundle) {
		b.create(t, "o1")
		_, err := b.Cancel(t.Context(), cancel("o1"), cancelled(order.Deadline))
		require.NoError(t, err)
		require.NoError(t, b.Note(t.Context(), note("o1"), order.Note{At: noted, Attention: []ledger.Attention{void}}))
		again := cancelled(order.OutOfStock)
		again.Note = order.Note{At: noted.Add(time.Second), Waivers: []ledger.Waiver{waived}}
		rec, err := b.Cancel(t.Context(), cancel("o1"), again)
		require.NoError(t, err)
		require.Equal(t, order.Deadline, rec.Reason, "of the first one")
		require.False(t, rec.NeedsAttention())
		require.Equal(t, []ledger.Waiver{waived}, rec.Waivers)
		b.requireStored(t, rec)
		require.Len(t, b.history(t, "o1"), 1)
	})
}

func TestNoteOfAnOrderThatNeverWas(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b testBundle) {
		err := b.Note(t.Context(), note("never"), order.Note{At: noted})
		requireFault(t, err, fault.Bug, fault.NotFound)
	})
}

func TestListSelects(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b testBundle) {
		due := placement().DecideBy
		require.False(t, due.IsZero())
		for i, id := range []string{"o1", "o2", "o3", "o4"} {
			p := placement()
			p.DecideBy = due.Add(time.Duration(i) * 1500 * time.Millisecond)
			_, err := b.Create(t.Context(), create(id), p)
			require.NoError(t, err)
		}
		ever := placement()
		ever.DecideBy = time.Time{}
		_, err := b.Create(t.Context(), create("o5"), ever)
		require.NoError(t, err)
		_, err = b.Confirm(t.Context(), confirm("o1"), confirmed())
		require.NoError(t, err)
		for _, id := range []string{"o1", "o3"} {
			require.NoError(t, b.Note(t.Context(), note(id), order.Note{At: noted, Attention: []ledger.Attention{void}}))
		}
		require.NoError(t, b.Note(t.Context(), note("o4"), order.Note{At: noted, Waivers: []ledger.Waiver{waived}}))

		for name, tt := range map[string]struct {
			filter order.Filter
			want   []string
		}{
			"All":            {order.Filter{}, []string{"o1", "o2", "o3", "o4", "o5"}},
			"NeedsAttention": {order.Filter{NeedsAttention: true}, []string{"o1", "o3"}},
			"NextPage":       {order.Filter{NeedsAttention: true, After: "o1"}, []string{"o3"}},
			"Limited":        {order.Filter{NeedsAttention: true, Limit: 1}, []string{"o1"}},
			"Status":         {order.Filter{Status: order.Confirmed}, []string{"o1"}},
			"Pending":        {order.Filter{Status: order.Pending}, []string{"o2", "o3", "o4", "o5"}},
			"DueBefore":      {order.Filter{DueBefore: due.Add(2 * time.Second)}, []string{"o1", "o2"}},
			"DueExactly":     {order.Filter{DueBefore: due}, nil},
			"Together":       {order.Filter{Status: order.Pending, NeedsAttention: true, DueBefore: due.Add(time.Hour)}, []string{"o3"}},
		} {
			if tt.filter.Limit == 0 {
				tt.filter.Limit = 100
			}
			page, err := b.List(t.Context(), tt.filter)
			require.NoError(t, err, name)
			var got []string
			for _, r := range page {
				got = append(got, r.ID)
			}
			require.Equal(t, tt.want, got, name)
			if name == "Limited" {
				continue
			}
			n, err := b.Count(t.Context(), tt.filter)
			require.NoError(t, err, name)
			require.EqualValues(t, len(tt.want), n, name)
		}
	})
}

// The indexes are for these lists: a shop has millions of orders that are over
// and a handful that an operator must review.
func TestListsOfFewReadFew(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b testBundle) {
		require.Contains(t, b.plan(t, "needs_attention"), "orders_needs_attention")
		require.Contains(t, b.plan(t, "status = 'PENDING'"), "orders_pending")
	})
}

// plan returns how the database would read a page of the orders of a condition.
func (b testBundle) plan(t *testing.T, condition string) string {
	t.Helper()

	query := "SELECT * FROM orders WHERE id > '' AND " + condition + " ORDER BY id LIMIT 500"
	var lines []string
	require.NoError(t, b.db.Transaction(func(tx *gorm.DB) error {
		if tx.Name() != "postgres" {
			var steps []struct{ Detail string }
			if err := tx.Raw("EXPLAIN QUERY PLAN " + query).Scan(&steps).Error; err != nil {
				return err
			}
			for _, s := range steps {
				lines = append(lines, s.Detail)
			}
			return nil
		}
		// The table is small here, and then reading all of it is the best plan.
		if err := tx.Exec("SET LOCAL enable_seqscan = off").Error; err != nil {
			return err
		}
		return tx.Raw("EXPLAIN " + query).Scan(&lines).Error
	}))
	return strings.Join(lines, "\n")
}
