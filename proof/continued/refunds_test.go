package continued_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/replay"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/services/payment"
	"github.com/amends/amends/services/payment/outside"
	"github.com/amends/amends/services/payment/provider"
	"github.com/amends/amends/workflows/repay"
)

// histories returns the golden histories of refunds, or all others.
func histories(t *testing.T, refunds bool) (files []string) {
	t.Helper()
	all, err := replay.Files(folder)
	require.NoError(t, err)
	for _, file := range all {
		if strings.HasPrefix(filepath.Base(file), "refund-") == refunds {
			files = append(files, file)
		}
	}
	require.NotEmpty(t, files)
	return files
}

// refundWays are how a refund continues from a cut. A reset to the cut comes after all of
// the history has happened.
var refundWays = []struct {
	way

	reset bool
}{
	{way: way{name: "goes on"}},
	{way: way{name: "is cancelled before anything scheduled has run", undo: true}},
	{way: way{name: "is cancelled while what is scheduled takes effect", undo: true, underWay: true}},
	{way: way{name: "is reset to the cut"}, reset: true},
	{way: way{name: "is reset to the cut, and cancelled", undo: true}, reset: true},
}

// Today's code continues every golden history of a refund, cut at every workflow task, to
// the right end, and pays back no more than once.
func TestEveryRefundInFlightEndsRight(t *testing.T) {
	t.Parallel()
	l, n := newLane(t), 0
	for _, file := range histories(t, true) {
		g, err := loadGolden(file)
		require.NoError(t, err)
		in, result := ofRefund(t, g)
		for _, c := range g.cuts() {
			for _, w := range refundWays {
				rebuilt := c
				if w.reset {
					rebuilt.events = g.events
				}
				err := l.rebuildRefund(t.Context(), rebuilt, in)
				if err == nil {
					err = l.continueRefund(t.Context(), c, w.way, in, result)
				}
				require.NoError(t, err, "%s: %s, and it %s", g.name, c, w.name)
				n++
			}
		}
	}
	t.Logf("%d continuations", n)
}

// ofRefund returns the refund of a history, and its recorded end.
func ofRefund(t *testing.T, g *golden) (in repay.Input, result repay.View) {
	t.Helper()
	last := g.events[len(g.events)-1]
	require.NoError(t, errors.Join(
		decode(g.events[0].GetWorkflowExecutionStartedEventAttributes().GetInput(), &in),
		decode(last.GetWorkflowExecutionCompletedEventAttributes().GetResult(), &result),
	))
	return in, result
}

// rebuildRefund performs in a fresh shop the steps of the refund's order, and those of the
// history with the recorded inputs.
func (l *lane) rebuildRefund(ctx context.Context, c cut, in repay.Input) error {
	if err := l.shop.Reset(ctx); err != nil {
		return err
	}
	if err := l.shop.Confirm(ctx, in.OrderID); err != nil {
		return err
	}
	if in.Undo { // by a run before this one, of which the history does not tell
		err := l.shop.Orders.OpenRefund(ctx, key.Key{Saga: in.OrderID, Step: "order.open_refund", Generation: in.Number},
			order.RefundOpening{ID: in.ID, Amount: in.Amount, TakeBack: in.TakeBack, At: c.at})
		if err == nil && strings.HasSuffix(c.name, "-done") {
			pay := outside.New(l.shop.Payments, l.shop.Provider, outside.Options{})
			_, err = pay.Refund(ctx, key.Key{Saga: in.OrderID, Step: "payment.refund", Generation: in.Number}, payment.RefundRequest{Amount: in.Amount, Note: in.Note})
		}
		if err != nil {
			return err
		}
	}
	return l.repeat(ctx, c, nil)
}

// continueRefund takes a refund from a cut to its end, and judges it.
func (l *lane) continueRefund(ctx context.Context, c cut, w way, in repay.Input, recorded repay.View) error {
	right, err := l.rightRefund(ctx, c, w, in, recorded)
	if err != nil {
		return err
	}
	e := resume(l, repay.WorkflowID(in.ID), "continued", c.events)
	e.until(c.at)
	if w.underWay {
		if err := e.underWay(); err != nil {
			return err
		}
	}
	if w.undo {
		e.ask(nil)
	}
	if err := e.finish(ctx); err != nil {
		return err
	}
	var v repay.View
	if err := decode(e.result, &v); err != nil {
		return err
	}
	want := int64(0)
	if right == order.RefundDone {
		want = in.Amount.Minor
	}
	paid, times, err := l.repaid(ctx)
	if err != nil {
		return err
	}
	if v.Status != right || paid != want || times > 1 {
		err = fmt.Errorf("it ends %s, right is %s, and %d was paid back in %d refunds\n%s", v.Status, right, paid, times, e)
	}
	if len(v.Attention) > 0 {
		err = errors.Join(err, fmt.Errorf("it needs attention in the end: %+v", v.Attention))
	}
	return errors.Join(err, l.shop.Check(ctx))
}

// rightRefund returns how a refund must end from a cut on: an end that is recorded, or
// money that is paid back, stays; a cancel refuses it while its pivot is not scheduled.
func (l *lane) rightRefund(ctx context.Context, c cut, w way, in repay.Input, recorded repay.View) (order.RefundStatus, error) {
	paid, _, err := l.repaid(ctx)
	if err != nil || paid > 0 {
		return order.RefundDone, err
	}
	for _, event := range c.events {
		if event.GetActivityTaskScheduledEventAttributes().GetActivityType().GetName() == "payment.refund" {
			return recorded.Status, nil
		}
	}
	if w.undo || in.Undo {
		return order.RefundRefused, nil
	}
	return recorded.Status, nil
}

// repaid returns the money that the provider has paid back, and in how many refunds.
func (l *lane) repaid(ctx context.Context) (minor int64, times int, err error) {
	book, err := l.shop.Provider.Book(ctx)
	for _, e := range book {
		if e.Kind == provider.KindRefund && e.State == provider.Refunded {
			minor, times = minor+e.Amount.Minor, times+1
		}
	}
	return minor, times, err
}
