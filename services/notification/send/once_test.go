package send_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/proof/smtptest"
	"github.com/amends/amends/services/notification"
	"github.com/amends/amends/services/notification/send"
)

// TestAFactIsToldOnceUnderEveryFault: the fact is told three times, two of them under one
// event id, before and after the mail is sent, and one fault strikes.
func TestAFactIsToldOnceUnderEveryFault(t *testing.T) {
	t.Parallel()
	type trouble struct {
		name string
		// strike breaks something before the first attempt, and returns its end.
		strike func(b testBundle, q *dying) (end func())
		// taken is how often the server takes the mail, whose mailbox has it once.
		taken int
	}
	server := func(f smtptest.Fault, taken int) trouble {
		return trouble{string(f), func(b testBundle, _ *dying) func() { b.mails.Fail(f); return func() {} }, taken}
	}
	all := []trouble{
		server(smtptest.None, 1), server(smtptest.Busy, 1), server(smtptest.BusyAfterData, 1), server(smtptest.NoRelay, 1),
		server(smtptest.LoseData, 1), server(smtptest.LoseReply, 2),
		{"the process dies before it sends", func(_ testBundle, q *dying) func() { q.begin = true; return func() {} }, 1},
		{"the process dies after it has sent", func(_ testBundle, q *dying) func() { q.conclude = true; return func() {} }, 2},
		{"the user service is away", func(b testBundle, _ *dying) func() {
			b.users.err = away
			return func() { b.users.err = nil }
		}, 1},
	}
	each(t, func(t *testing.T, b testBundle) {
		q := &dying{Queue: b.store}
		s := b.sender(t, q)
		for _, trouble := range all {
			order := "order of: " + trouble.name
			before := len(b.mails.Taken())
			b.tell(t, trouble.name+"1", b.confirmed(order))
			b.tell(t, trouble.name+"1", b.confirmed(order)) // redelivered
			end := trouble.strike(b, q)
			if err := s.Round(t.Context()); err != nil {
				require.ErrorIs(t, err, errDead, trouble.name)
			}
			b.tell(t, trouble.name+"2", b.confirmed(order)) // told anew
			end()
			b.clock.pass(3 * time.Minute)
			d := b.settle(t, s, order)
			require.Equal(t, notification.Sent, d.State, trouble.name)
			b.tell(t, trouble.name+"3", b.confirmed(order)) // redriven
			require.NoError(t, s.Round(t.Context()))

			require.Len(t, b.mails.Taken()[before:], trouble.taken, trouble.name)
			require.Equal(t, []string{"notification.sent account-1"}, b.told.Names(t), trouble.name)
		}
		require.Len(t, b.mails.Mailbox(), len(all), "one for each fact")
	})
}

// TestAFrozenProcessSendsNothingMore: a process that lost its claim while it was frozen
// finds that, before it sends, and its outcome does not count.
func TestAFrozenProcessSendsNothingMore(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b testBundle) {
		b.tell(t, "e1", b.confirmed("order-1"))
		frozen, err := b.store.Take(t.Context(), 10, time.Minute)
		require.NoError(t, err)
		require.Len(t, frozen, 1)
		other := b.sender(t, nil)
		require.NoError(t, other.Round(t.Context()))
		require.Empty(t, b.mails.Taken(), "it is claimed")
		b.clock.pass(time.Minute + time.Second)
		ok, err := b.store.Begin(t.Context(), frozen[0])
		require.NoError(t, err)
		require.False(t, ok, "the claim has ended, although no other process has it")
		late := func() {
			require.NoError(t, b.store.Conclude(t.Context(), frozen[0], send.Outcome{State: notification.Dropped, Reason: "X"}))
		}
		b.mails.Fail(smtptest.Busy)
		require.NoError(t, other.Round(t.Context()))
		late()
		require.Equal(t, notification.Wanted, b.delivery(t, "order-1").State, "another attempt decides")
		require.Equal(t, notification.Sent, b.settle(t, other, "order-1").State)
		late()
		d := b.delivery(t, "order-1")
		require.Equal(t, notification.Sent, d.State)
		require.Empty(t, d.Reason)
		require.Len(t, b.mails.Taken(), 1)
		require.Equal(t, []string{"notification.sent account-1"}, b.told.Names(t))
	})
}

// late is a queue whose answers take their time.
type late struct {
	send.Queue

	clock *clock
	by    time.Duration
}

// Take implements [send.Queue].
func (q late) Take(ctx context.Context, n int, claim time.Duration) ([]notification.Delivery, error) {
	all, err := q.Queue.Take(ctx, n, claim)
	if len(all) > 0 {
		q.clock.pass(q.by)
	}
	return all, err
}

// TestAnAttemptEndsWithItsClaim: one that still sends then would be one of two.
func TestAnAttemptEndsWithItsClaim(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b testBundle) {
		b.tell(t, "e1", b.confirmed("order-1"))
		begin := time.Now()
		require.NoError(t, b.sender(t, late{b.store, b.clock, 110 * time.Second}).Round(t.Context()))
		require.Equal(t, notification.Sent, b.delivery(t, "order-1").State)
		require.Less(t, b.users.until.Sub(begin), time.Minute, "10 s are left of two minutes")
	})
}

// TestProcessesShareTheQueue: many processes send many messages, each once.
func TestProcessesShareTheQueue(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b testBundle) {
		const orders, processes = 30, 6
		for i := range orders {
			b.tell(t, string(rune('a'+i)), b.confirmed("order-"+string(rune('a'+i))))
		}
		errs := make([]error, processes)
		var all sync.WaitGroup
		for i := range processes {
			s := b.sender(t, nil)
			all.Go(func() { errs[i] = s.Round(t.Context()) })
		}
		all.Wait()
		require.NoError(t, errors.Join(errs...))
		require.Len(t, b.mails.Taken(), orders)
		require.Len(t, b.mails.Mailbox(), orders)
		require.Len(t, b.told.Names(t), orders)
	})
}

// Each refund of an order is a fact of its own, and is told once.
func TestEachRefundOfAnOrderIsToldOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b testBundle) {
		s := b.sender(t, nil)
		for i, refund := range []string{"r1", "r2", "r1", "r2"} { // told anew
			b.tell(t, fmt.Sprint("event-", i), notification.Notice{
				Kind: notification.OrderRefunded, Subject: "order-1", Occurrence: refund, Recipient: "account-1", At: b.clock.now(),
				Facts: notification.Facts{Total: money.New(int64(100*len(refund)+i), "EUR")},
			})
			require.NoError(t, s.Round(t.Context()))
		}
		all, err := b.store.About(t.Context(), "order-1")
		require.NoError(t, err)
		sent := 0
		for _, d := range all {
			if d.Channel == notification.Email && d.State == notification.Sent {
				sent++
			}
		}
		require.Equal(t, 2, sent, all)
		require.Len(t, b.mails.Taken(), 2)
	})
}
