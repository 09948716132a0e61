package inbox_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"gorm.io/gorm"

	"github.com/amends/amends/event"
	"github.com/amends/amends/event/inbox"
	"github.com/amends/amends/event/inbox/retry"
	"github.com/amends/amends/event/inbox/retry/rpc"
	"github.com/amends/amends/event/inbox/waiting"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/proof/rpctest"
)

// An operator does not wait for the next attempt of a letter, and redrives a dead one by its
// key, in its own process or over a connection.
func TestALetterIsTriedAgainAtOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *gorm.DB) {
		h, b := newHeard(), newBus()
		var failure atomic.Pointer[error]
		fails := func(err error) { failure.Store(&err) }
		fails(fault.Errorf(fault.Transient, fault.Unavailable, "down"))
		o := quick(db, b)
		o.Retry = waiting.Retry{First: time.Hour, Most: time.Hour}
		run(t, inbox.React(listener(func(_ context.Context, e event.Event) error {
			h.call(e)
			if err := *failure.Load(); err != nil {
				return err
			}
			h.effect(e)
			return nil
		}), o))
		again := rpc.NewClient(rpctest.Connect(t, func(r grpc.ServiceRegistrar) {
			rpc.Register(r, map[string]retry.Retrier{"g": retry.In(db)})
		}))
		ctx := rpctest.Context(t)
		r := retry.Request{Group: "g", Key: "k", Reason: "it is back", Operator: "night"}
		b.tell(nth(told, "k", 0), nth(told, "k", 1))
		eventually(t, func() bool { return len(letters(t, db, waiting.Waiting)) == 2 })
		require.Empty(t, h.order("k"))

		fails(bug)
		require.NoError(t, again(ctx, r))
		dead(t, db, 1)
		fails(nil)
		require.NoError(t, again(ctx, r))
		eventually(t, func() bool { return len(letters(t, db, waiting.Waiting))+len(letters(t, db, waiting.Parked)) == 0 })
		require.Equal(t, upTo(2), h.order("k"))
		shown, err := waiting.NewDesk(db).Show(ctx, nth(told, "k", 0).ID)
		require.NoError(t, err)
		require.Len(t, shown.Decisions, 1)
		require.Equal(t, []string{"it is back", "night"}, []string{shown.Decisions[0].Reason, shown.Decisions[0].Operator})

		err = again(ctx, r)
		require.Equal(t, []any{fault.NotFound, fault.Business}, []any{fault.CodeOf(err), fault.KindOf(err)}, "nothing waits")
		r.Group = "h"
		require.Equal(t, fault.NotFound, fault.CodeOf(again(ctx, r)))
	})
}
