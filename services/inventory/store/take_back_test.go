package store_test

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/proof/told"
	"github.com/amends/amends/saga/audit"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/services/inventory"
	inventorystore "github.com/amends/amends/services/inventory/store"
)

func back(saga string, n int) key.Key {
	return key.Key{Saga: saga, Step: "inventory.take_back", Generation: n}
}

// sold reserves and commits lines.
func (b testBundle) sold(t *testing.T, saga string, lines ...inventory.Line) {
	t.Helper()
	_, err := b.Reserve(t.Context(), reserve(saga), ask(lines...))
	require.NoError(t, err)
	_, err = b.Commit(t.Context(), commit(saga))
	require.NoError(t, err)
}

func TestTakeBack(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b testBundle) {
		t.Run("TwiceIsOnce", func(t *testing.T) {
			t.Parallel()

			b.receive(t, "TEA", "BER", 3)
			b.receive(t, "MUG", "AMS", 3)
			b.sold(t, "twice", line("TEA", 2), line("MUG", 3))
			b.sold(t, "other", line("TEA", 1))
			for range 2 {
				got, err := b.TakeBack(t.Context(), back("twice", 7))
				require.NoError(t, err)
				require.Equal(t, inventory.Return{Units: 5}, got)
			}
			got, err := b.TakeBack(t.Context(), back("twice", 8))
			require.NoError(t, err)
			require.Zero(t, got, "the goods of an order come back once")
			b.requireStock(t, "TEA", 2, 0, 3)
			b.requireStock(t, "MUG", 3, 0, 3)
			require.Equal(t, []inventory.State{inventory.Committed}, b.states(t, "twice"), "the sale stays a sale")
			b.requireConsistent(t.Context(), t, "TEA", "MUG")

			journal, err := b.Journal(t.Context(), "TEA")
			require.NoError(t, err)
			require.Len(t, journal, 2)
			require.Equal(t, inventory.Entry{
				SKU: "TEA", Warehouse: "BER", Position: 2, Kind: inventory.Returned, Units: 2, By: "amends",
				Reason: "a refund took the goods back", Reference: "twice", At: journal[1].At,
			}, journal[1])
		})

		t.Run("OfWhatWasNotSoldIsABugThatIsNotRecorded", func(t *testing.T) {
			t.Parallel()

			b.receive(t, "HELD", "BER", 3)
			_, err := b.Reserve(t.Context(), reserve("early"), ask(line("HELD", 1)))
			require.NoError(t, err)
			for range 2 {
				_, err = b.TakeBack(t.Context(), back("early", 0))
				requireFault(t, err, fault.Bug, inventory.NothingSold)
			}
			_, err = b.Commit(t.Context(), commit("early"))
			require.NoError(t, err)
			got, err := b.TakeBack(t.Context(), back("early", 0))
			require.NoError(t, err)
			require.Equal(t, inventory.Return{Units: 1}, got)
		})

		t.Run("TwentyAtOnceTakeBackOnce", func(t *testing.T) {
			t.Parallel()

			b.receive(t, "RACE", "BER", 9)
			b.receive(t, "RACE", "AMS", 9)
			b.sold(t, "race", line("RACE", 12))
			var units int64
			var done sync.WaitGroup
			for i := range 20 {
				done.Go(func() { _, _ = b.TakeBack(t.Context(), back("race", i/2)) }) // each key twice; a lock may be refused
			}
			done.Wait()
			for i := range 10 {
				r, err := b.TakeBack(t.Context(), back("race", i))
				require.NoError(t, err)
				units += r.Units
			}
			require.EqualValues(t, 12, units)
			b.requireConsistent(t.Context(), t, "RACE")
			journal, err := b.Journal(t.Context(), "RACE")
			require.NoError(t, err)
			require.Len(t, journal, 4, "two deliveries, two returns")
		})

		t.Run("LeavesACorrectionOfTheSameReferenceAlone", func(t *testing.T) {
			t.Parallel()

			b.receive(t, "REF", "BER", 3)
			b.sold(t, "reference", line("REF", 1))
			a := correct("REF", 1, "reference")
			_, _, err := b.Adjust(t.Context(), a)
			require.NoError(t, err)
			got, err := b.TakeBack(t.Context(), back("reference", 0))
			require.NoError(t, err)
			require.Equal(t, inventory.Return{Units: 1}, got)
			_, repeated, err := b.Adjust(t.Context(), a)
			require.NoError(t, err)
			require.True(t, repeated)
		})
	})
}

func TestTheDoctorKnowsReturns(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, inventorystore.Schema.Migrate, func(t *testing.T, db *gorm.DB) {
		b, r, ctx := testBundle{inventorystore.New(db)}, told.New(db), t.Context()
		b.receive(t, "MUG", "BER", 10)
		for _, saga := range []string{"a", "b", "c", "d"} {
			b.sold(t, saga, line("MUG", 2))
		}
		r.Events(t)
		for _, k := range []key.Key{back("a", 5), back("a", 5), back("a", 6), back("b", 1), back("c", 1)} {
			_, err := b.TakeBack(ctx, k)
			require.NoError(t, err)
		}
		require.Equal(t, []string{
			"inventory.stock_changed MUG", "inventory.taken_back a", "inventory.taken_back a",
			"inventory.stock_changed MUG", "inventory.taken_back b", "inventory.stock_changed MUG", "inventory.taken_back c",
		}, r.Names(t))

		findings := func() map[string][]string {
			all := map[string][]string{}
			for limit := 1; limit <= 3; limit++ {
				clear(all)
				for at := (audit.Range{Limit: limit}); ; {
					page, err := b.Audit(ctx, at)
					require.NoError(t, err)
					for _, f := range page.Facts {
						if found := append(f.Wrong, f.Answers...); len(found) > 0 {
							all[f.Saga] = found
						}
						require.Empty(t, f.Telling)
					}
					if at.After = page.Next; page.Next == "" {
						break
					}
				}
			}
			return all
		}
		require.Empty(t, findings())
		wrong, err := b.AuditStock(ctx)
		require.NoError(t, err)
		require.Empty(t, wrong)

		require.NoError(t, db.Exec("UPDATE stock_journal SET units = units + 1 WHERE reference = 'a'").Error)
		require.NoError(t, db.Exec("DELETE FROM stock_journal WHERE reference = 'b'").Error)
		require.NoError(t, db.Exec("DELETE FROM barrier WHERE saga = 'c' AND step = 'inventory.take_back'").Error)
		require.Equal(t, map[string][]string{
			"a": {"3 units came back, and only 2 are sold", "inventory.take_back: it was answered that 2 units came back, the journal says 3"},
			"b": {"inventory.take_back: it was answered that 2 units came back, the journal says 0"},
			"c": {"inventory.take_back: it was answered that 0 units came back, the journal says 2"},
		}, findings())
		wrong, err = b.AuditStock(ctx)
		require.NoError(t, err)
		require.Equal(t, []string{"MUG in BER: 16 received, but the journal explains 15"}, wrong)
	})
}
