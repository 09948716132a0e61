package store_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/services/order"
)

// racers is how many goroutines want the same thing at once.
const racers = 20

// atOnce runs racers copies of f at once and returns their answers.
func atOnce(f func(i int) (order.Record, error)) (records [racers]order.Record, errs [racers]error) {
	begin := make(chan struct{})
	var all sync.WaitGroup
	for i := range racers {
		all.Go(func() {
			<-begin
			errs[i] = patiently(func() (err error) {
				records[i], err = f(i)
				return err
			})
		})
	}
	close(begin)
	all.Wait()
	return records, errs
}

func TestCreateRace(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b testBundle) {
		for round := range 10 {
			id := fmt.Sprintf("race-%d", round)
			records, errs := atOnce(func(i int) (order.Record, error) {
				p := placement()
				p.Nonce = fmt.Sprintf("n%d", i)
				return b.Create(t.Context(), create(id), p)
			})
			for i := range racers {
				require.NoError(t, errs[i])
				require.Equal(t, records[0], records[i], "all get the same record, and one nonce")
			}
			b.requireStored(t, records[0])
			all, err := b.List(t.Context(), order.Filter{Limit: 2 * racers})
			require.NoError(t, err)
			require.Len(t, all, round+1)
		}
	})
}

func TestConfirmOrCancelRace(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b testBundle) {
		reasons := []order.Reason{order.CustomerRequest, order.Deadline, order.OutOfStock}
		for round := range 5 {
			id := fmt.Sprintf("race-%d", round)
			b.create(t, id)
			records, errs := atOnce(func(i int) (order.Record, error) {
				if (i+round)%2 == 0 {
					return b.Confirm(t.Context(), confirm(id), confirmed())
				}
				return b.Cancel(t.Context(), cancel(id), cancelled(reasons[i%3]))
			})

			won, err := b.Get(t.Context(), id)
			require.NoError(t, err)
			require.NotEqual(t, order.Pending, won.Status)
			for i := range racers {
				wanted := order.Cancelled
				if (i+round)%2 == 0 {
					wanted = order.Confirmed
				}
				if wanted != won.Status {
					requireFault(t, errs[i], fault.Bug, order.IllegalTransition)
					continue
				}
				require.NoError(t, errs[i])
				require.Equal(t, won, records[i])
			}
			require.Equal(t, []order.Change{
				{From: order.Pending, To: won.Status, Reason: won.Reason, At: won.UpdatedAt},
			}, b.history(t, id))
		}
	})
}
