package store_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/services/query"
	"github.com/amends/amends/services/query/store"
)

func TestAnOrderIsFollowedToItsEnd(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b testBundle) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		none := func(query.Entry) error { return errors.New("there is none") }
		require.Equal(t, fault.NotFound, fault.CodeOf(b.Follow(ctx, "ord-0001", query.Position{}, none)))

		b.apply(t, told(newOrder(1), 1), entry("ord-0001", "order.placed", "order.create", "done"))
		for name, reader := range map[string]*store.Store{"TheProcessThatApplies": b.Store, "AnotherProcess": store.New(b.db)} {
			b.apply(t, entry("ord-0001", "catalog.quoted "+name, "catalog.quote", "done"))
			got, ended := make(chan query.Entry, 9), make(chan error, 1)
			go func() {
				ended <- reader.Follow(ctx, "ord-0001", query.Position{}, func(e query.Entry) error {
					got <- e
					if e.Fact == "stop "+name {
						return errors.New("enough")
					}
					return nil
				})
			}()
			require.Equal(t, "order.placed", (<-got).Fact)
			b.apply(t, entry("ord-0001", "stop "+name, "x", "done"))
			require.EqualError(t, <-ended, "enough", name)
			last := query.Entry{}
			for len(got) > 0 {
				last = <-got
			}
			b.apply(t, told(newOrder(1), 2), entry("ord-0001", "later than "+name, "x", "done"))
			require.ErrorContains(t, reader.Follow(ctx, "ord-0001", last.Position, func(e query.Entry) error {
				require.Equal(t, "later than "+name, e.Fact, "it goes on behind the position")
				return errors.New("enough")
			}), "enough")
		}
		end := newOrder(1)
		end.Status, end.Steps = query.Confirmed, []query.Step{{Name: "payment.capture", State: "done"}, {Name: "order.confirm", State: "done"}, {Name: "payment.refund", State: "waived"}}
		b.apply(t, told(end, 3), entry("ord-0001", "order.confirmed", "order.confirm", "done"))
		b.apply(t, entry("ord-0001", "payment.captured", "payment.capture", "done"))
		var all []query.Entry
		require.NoError(t, b.Follow(ctx, "ord-0001", query.Position{Generation: 7, Number: 3}, func(e query.Entry) error {
			all = append(all, e)
			return nil
		}))
		require.Len(t, all, 9, "another generation begins anew; a step that was heard late is not lost")
		require.True(t, all[7].Ends)
		require.Equal(t, "payment.captured", all[8].Fact)
		require.NoError(t, b.Follow(ctx, "ord-0001", all[8].Position, none), "it is at its end")
	})
}

// Twenty orders are waited for while they come, by two processes. Every read behind a wait
// sees the version.
func TestAReadBehindAWaitIsNeverOlder(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b testBundle) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		const orders = 20
		failed := make(chan error, orders)
		for n := range orders {
			reader := b.Store
			if n%2 == 0 {
				reader = store.New(b.db)
			}
			go func() {
				failed <- func() error {
					o := newOrder(n)
					reached, err := reader.WaitFor(ctx, o.ID, 2, query.MaxPatience)
					if err != nil || !reached {
						return fmt.Errorf("%s: %v, %w", o.ID, reached, err)
					}
					page, err := reader.Orders(ctx, query.OrderFilter{CustomerID: o.CustomerID, Limit: 100})
					for _, f := range page.Orders {
						if f.Order.ID == o.ID && f.Version >= 2 {
							return err
						}
					}
					return fmt.Errorf("%s is not in the list", o.ID)
				}()
			}()
		}
		for v := range 2 {
			for n := range orders {
				b.apply(t, told(newOrder(n), int64(v+1)))
			}
		}
		for range orders {
			require.NoError(t, <-failed)
		}
		reached, err := b.WaitFor(ctx, "ord-0001", 3, time.Millisecond)
		require.NoError(t, err)
		require.False(t, reached, "its time is over")
		_, err = b.WaitFor(ctx, "ord-0001", 3, query.MaxPatience+1)
		require.Equal(t, fault.Invalid, fault.CodeOf(err))
	})
}

func TestAPositionIsItsText(t *testing.T) {
	t.Parallel()
	p := query.Position{Generation: 3, Number: 17}
	require.Equal(t, "3.17", p.String())
	got, err := query.ParsePosition("3.17")
	require.NoError(t, err)
	require.Equal(t, p, got)
	for _, s := range []string{"", "3", "3.", ".3", "03.1", "3.17.", "-1.2", "a.b", "3.99999999999999999999"} {
		_, err := query.ParsePosition(s)
		require.Equal(t, fault.Invalid, fault.CodeOf(err), s)
	}
}
