package store_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/services/query"
	"github.com/amends/amends/services/query/store"
	"github.com/amends/amends/services/query/store/generations"
)

func TestNothingIsAnsweredBeforeTheFirstGeneration(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, store.Schema.Migrate, func(t *testing.T, db *gorm.DB) {
		b := testBundle{store.New(db), generations.New(db), db}
		_, err := b.Order(t.Context(), "ord-0001")
		require.Equal(t, fault.Unavailable, fault.CodeOf(err))
		filled, err := b.Filled(t.Context())
		require.NoError(t, err)
		require.False(t, filled)
		b.apply(t, told(newOrder(1), 1)) // it must not be lost
		b.fill(t)
		_, err = b.Order(t.Context(), "ord-0001")
		require.NoError(t, err)
		filled, err = b.Filled(t.Context())
		require.NoError(t, err)
		require.True(t, filled)
	})
}

func TestARebuildSwitchesAtOnceAndKeepsTheOldGeneration(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b testBundle) {
		ctx := t.Context()
		b.apply(t, told(newOrder(1), 1), product("mug", "Mug", "x", 1, 1))
		g, err := b.Begin(ctx)
		require.NoError(t, err)
		again, err := b.Begin(ctx)
		require.NoError(t, err)
		require.Equal(t, g, again, "it goes on with the one that is loaded")

		require.NoError(t, b.Load(ctx, g, []query.Change{told(newOrder(1), 5), told(newOrder(2), 1)}))
		b.apply(t, told(newOrder(3), 1), told(newOrder(1), 4))
		page, err := b.Orders(ctx, query.OrderFilter{Text: "ord", Limit: 9})
		require.NoError(t, err)
		require.Len(t, page.Orders, 2, "what is loaded does not answer yet")
		require.Equal(t, int64(4), page.Orders[1].Version)

		require.NoError(t, b.Switch(ctx, g))
		page, err = b.Orders(ctx, query.OrderFilter{Text: "ord", Limit: 9})
		require.NoError(t, err)
		require.Len(t, page.Orders, 3)
		require.Equal(t, int64(5), page.Orders[2].Version)
		for _, late := range []error{b.Switch(ctx, g), b.Load(ctx, g, nil)} {
			require.Equal(t, query.NotLoading, fault.CodeOf(late))
		}
		_, err = b.Begin(ctx)
		require.Equal(t, query.OldGeneration, fault.CodeOf(err))
		states, err := b.States(ctx)
		require.NoError(t, err)
		require.Equal(t, map[string]int64{"old": 1, "current": 2}, states)

		require.NoError(t, b.Drop(ctx, false))
		require.NoError(t, b.Drop(ctx, false))
		var rows int64
		require.NoError(t, b.db.Raw("SELECT (SELECT count(*) FROM orders WHERE generation = 1) + (SELECT count(*) FROM products WHERE generation = 1)").Scan(&rows).Error)
		require.Zero(t, rows)

		g, err = b.Begin(ctx)
		require.NoError(t, err)
		require.NoError(t, b.Load(ctx, g, []query.Change{told(newOrder(8), 1)}))
		require.NoError(t, b.Drop(ctx, true))
		require.Equal(t, query.NotLoading, fault.CodeOf(b.Load(ctx, g, nil)))
		again, err = b.Begin(ctx)
		require.NoError(t, err)
		require.NoError(t, b.Switch(ctx, again))
		page, err = b.Orders(ctx, query.OrderFilter{Text: "ord", Limit: 9})
		require.NoError(t, err)
		require.Empty(t, page.Orders, "a number that comes again begins empty")
	})
}

// A process that has dropped a generation may still remove its rows while another process
// begins the next one, which has the same number.
func TestAGenerationBeginsWithoutTheRowsOfOneThatIsDropped(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b testBundle) {
		var once sync.Once
		require.NoError(t, b.db.Callback().Raw().After("gorm:raw").Register("a late row", func(tx *gorm.DB) {
			if strings.Contains(tx.Statement.SQL.String(), "DELETE FROM progress") { // the last one
				once.Do(func() {
					late := tx.Session(&gorm.Session{NewDB: true}).Exec(`INSERT INTO orders (generation, id, seq, customer_id, status, reason, style, attention, version, view, words)
						VALUES (2, 'ord-0001', 1, 'cus_1', 'PENDING', '', 'orchestrated', false, 1, '{}', '')`)
					require.NoError(t, late.Error)
				})
			}
		}))
		g, err := b.Begin(t.Context())
		require.NoError(t, err)
		require.NoError(t, b.Load(t.Context(), g, []query.Change{told(newOrder(1), 1)}))
		require.NoError(t, b.Switch(t.Context(), g))
		page, err := b.Orders(t.Context(), query.OrderFilter{Text: "ord 0001", Limit: 1})
		require.NoError(t, err)
		require.Len(t, page.Orders, 1, "the words of an order that seems to be loaded are not written")
	})
}

func TestTheStandingNeverGoesBack(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b testBundle) {
		b.apply(t, told(newOrder(1), 1), told(newOrder(2), 1), entry("ord-0001", "order.placed", "order.create", "done"))
		standing := func() query.Projection {
			all, err := b.Projections(t.Context())
			require.NoError(t, err)
			require.Len(t, all, 4)
			require.Equal(t, int64(1), all[3].Events)
			return all[0]
		}
		require.Equal(t, query.Projection{
			Name: query.OrdersProjection, Generation: 1, Events: 2, Newest: newOrder(2).UpdatedAt, Behind: -1,
		}, standing())

		require.NoError(t, b.Stand(t.Context(), 3, began.Add(time.Second)))
		require.NoError(t, b.Stand(t.Context(), 4, began))
		p := standing()
		require.Equal(t, []any{int64(4), began.Add(time.Second)}, []any{p.Behind, p.AsOf})
		require.Positive(t, p.Lag)
		f, err := b.Order(t.Context(), "ord-0001")
		require.NoError(t, err)
		require.Equal(t, began.Add(time.Second), f.AsOf)

		require.NoError(t, b.Stand(t.Context(), 0, began.Add(time.Minute)))
		require.Zero(t, standing().Lag)
	})
}
