package worker

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/event"
	"github.com/amends/amends/event/eventtest"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/proof/rpctest"
	"github.com/amends/amends/services/order/erased"
	"github.com/amends/amends/services/support"
	supportrpc "github.com/amends/amends/services/support/rpc"
	"github.com/amends/amends/services/user"
)

// TestSupportForgetsErasedAccounts hears of the erasure at the broker, twice, and forgets the
// account once; then of the erasure of a guest's order.
func TestSupportForgetsErasedAccounts(t *testing.T) {
	t.Parallel()
	bus := eventtest.NewMemory()
	o, a, l := options(t, "support"), lockIn(t), listen(t)
	o.Bus, o.RPC = bus, RPC{Listener: l, Plugins: a.Server()}
	at := l.Addr().String()
	defer runs(t, o)()
	ctx := rpctest.Context(t)
	desk := supportrpc.NewClient(connects(t, a, &at)("api", "support"))
	const account = "0193725e-7c00-7000-8000-00000000a001"
	by := support.Author{Side: support.Customer, ID: account}
	open := func(key string) (support.Case, error) {
		return desk.Open(ctx, support.Opening{Order: "order-1", Key: key, Author: by, Subject: "One mug is broken", Text: "I am Ada."})
	}
	opened, err := open("1")
	require.NoError(t, err)

	for _, id := range []string{"e1", "e2", "e1"} {
		data, err := json.Marshal(user.ErasedData{Account: account})
		require.NoError(t, err)
		_, err = bus.Publish(ctx, []event.Message{event.Encode(event.Event{ID: id, Type: user.ErasedFact.Type(), Key: account, Time: time.Now(), Data: data})})
		require.NoError(t, err)
	}
	require.Eventually(t, func() bool {
		c, err := desk.Get(ctx, opened.ID, "order-1")
		require.NoError(t, err)
		return c.State == support.Closed && c.Subject == "(erased)" && c.Customer == "" && c.Messages[0].Text == "(erased)"
	}, patience, 10*time.Millisecond)
	_, err = open("2")
	require.Equal(t, fault.NotFound, fault.CodeOf(err))

	told := func() (closed int) {
		for _, m := range bus.Stored() {
			e, err := event.Decode(m)
			require.NoError(t, err)
			if e.Type == support.ClosedFact.Type() {
				closed++
			}
		}
		return closed
	}
	require.Eventually(t, func() bool { return told() > 0 }, patience, 10*time.Millisecond)
	require.Equal(t, 1, told())

	guests, err := desk.Open(ctx, support.Opening{Order: "order-2", Key: "1", Author: support.Author{Side: support.Customer}, Subject: "Mine, too", Text: "I am Bo."})
	require.NoError(t, err)
	e := erased.Fact.New("order-2", "", erased.Data{Order: "order-2"})
	e.ID, e.Time = "e3", time.Now()
	_, err = bus.Publish(ctx, []event.Message{event.Encode(e)})
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		c, err := desk.Get(ctx, guests.ID, "order-2")
		require.NoError(t, err)
		return c.State == support.Closed && c.Subject == "(erased)" && c.Messages[0].Text == "(erased)"
	}, patience, 10*time.Millisecond)
}
