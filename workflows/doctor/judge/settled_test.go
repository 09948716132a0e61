package judge_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/saga/audit"
	"github.com/amends/amends/services/notification"
	notificationaudit "github.com/amends/amends/services/notification/audit"
	"github.com/amends/amends/services/order"
	orderaudit "github.com/amends/amends/services/order/audit"
	"github.com/amends/amends/services/query"
	queryaudit "github.com/amends/amends/services/query/audit"
	"github.com/amends/amends/workflows/doctor/judge"
)

// A change takes a while to get to the read model and to the customer.
func TestAFreshChangeIsNotComparedWithItsCopies(t *testing.T) {
	t.Parallel()

	f := confirmedFacts()
	f.Told = placed.Add(-time.Hour)
	f.Order.UpdatedAt = placed
	find := func(changed time.Time) (kinds []audit.Kind) {
		f.Order.ChangedAt = changed
		for _, f := range judge.Judge(*f, judgement, grace).Findings {
			kinds = append(kinds, f.Kind)
		}
		return kinds
	}
	both := []audit.Kind{queryaudit.CopyMissing, notificationaudit.MailMissing}
	require.Empty(t, find(judgement.Add(-grace).Add(time.Nanosecond)))
	require.Equal(t, both, find(judgement.Add(-grace)))
	require.Empty(t, find(time.Time{}), "by an order service that does not say")
	f.Unasked = []string{"query", "notification"}
	require.Empty(t, find(judgement.Add(-grace)))
	f.Unasked, f.Told = nil, placed.Add(time.Nanosecond)
	require.Equal(t, both[:1], find(judgement.Add(-grace)), "it was decided before customers were told")
}

// One refund that stands still must not hide that another one is wrong.
func TestARefundUnderWayIsPaidOrNot(t *testing.T) {
	t.Parallel()

	f := confirmedFacts()
	f.Order.Refunded = 100
	for _, minor := range []int64{50, 7} {
		f.Order.Refunds = append(f.Order.Refunds, order.Refund{Opening: order.RefundOpening{Amount: money.New(minor, "EUR")}})
	}
	for paid, wrong := range map[int64]bool{99: true, 100: false, 107: false, 150: false, 157: false, 158: true} {
		f.Payment.Ours.Refunded, f.Payment.Provider.Refunded = paid, paid
		all := judge.Judge(*f, judgement, grace).Findings
		require.Equal(t, wrong, len(all) > 0, "%d: %v", paid, all)
		if wrong {
			require.Equal(t, judge.Refund, all[0].Kind)
			require.Contains(t, all[0].Detail, "its refunds are 100 in all, and 57 under way")
		}
	}
	f.Unasked = []string{"payment"}
	require.Empty(t, judge.Judge(*f, judgement, grace).Findings)
}

// Nor does a refund, whenever its order was decided.
func TestAFreshRefundNeedsNoMailYet(t *testing.T) {
	t.Parallel()

	f := confirmedFacts()
	f.Copy = &queryaudit.Fact{Saga: judged, Since: placed, Status: query.Confirmed, Total: total, Refunded: money.New(100, "EUR")}
	f.Mails = &notificationaudit.Fact{Saga: judged, Since: placed, Mails: []notificationaudit.Mail{{
		ID:   notification.Notice{Kind: notification.OrderConfirmed, Subject: judged, Recipient: notification.Guest}.Key(notification.Email),
		Kind: notification.OrderConfirmed, Channel: notification.Email, Recipient: notification.Guest, State: notification.Sent,
	}}}
	f.Payment.Ours.Refunded, f.Payment.Provider.Refunded = 100, 100
	f.Told, f.Order.UpdatedAt, f.Order.ChangedAt = placed.Add(-time.Hour), placed, placed
	find := func(made time.Time) []judge.Finding {
		f.Order.Refunded, f.Order.Made = 100, []orderaudit.MadeRefund{{ID: "r1", At: made}}
		return judge.Judge(*f, judgement, grace).Findings
	}
	require.Empty(t, find(judgement.Add(-grace).Add(time.Nanosecond)))
	late := find(judgement.Add(-grace))
	require.Len(t, late, 1)
	require.Equal(t, notificationaudit.MailMissing, late[0].Kind)
	require.Equal(t, judgement.Add(-grace), late[0].Since)
	f.Order.ChangedAt = judgement
	require.Len(t, find(judgement.Add(-grace)), 1, "another change of its order does not hide it")
	f.Unasked = []string{"notification"}
	require.Empty(t, find(judgement.Add(-grace)))
	f.Unasked, f.Told = nil, placed.Add(time.Minute)
	require.Empty(t, find(placed), "it was made before customers were told")
	require.Len(t, find(placed.Add(time.Minute)), 1, "its order was decided before that")
}
