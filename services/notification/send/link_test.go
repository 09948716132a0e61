package send_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/services/notification"
)

// TestTheMailOfAConfirmedOrderHasItsInvoice: the fact that an invoice is issued comes before
// the order is confirmed, and needs no mail of its own.
func TestTheMailOfAConfirmedOrderHasItsInvoice(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b testBundle) {
		s := b.sender(t, nil)
		paid := notification.Facts{Total: money.New(12600, "EUR")}
		for subject, tt := range map[string]struct {
			change func(*notification.Notice)
			link   string
		}{
			"paid":      {func(n *notification.Notice) { n.Facts = paid }, "https://shop.example/v1/orders/paid/invoice?lang=de"},
			"free":      {func(n *notification.Notice) { n.Facts.Total = money.New(0, "EUR") }, ""},
			"guests":    {func(n *notification.Notice) { n.Facts, n.Recipient = paid, notification.Guest }, ""},
			"cancelled": {func(n *notification.Notice) { n.Facts, n.Kind = paid, notification.OrderCancelled }, ""},
		} {
			n := b.confirmed(subject)
			tt.change(&n)
			before := len(b.mails.Taken())
			b.tell(t, subject, n)
			d := b.settle(t, s, subject)
			all := b.mails.Taken()[before:]
			if n.Recipient != notification.Guest { // who may have no address
				require.Equal(t, notification.Sent, d.State, subject)
				require.Len(t, all, 1, subject)
			}
			for _, m := range all {
				content := strings.NewReplacer("=\r\n", "", "=3D", "=").Replace(m.Content)
				if tt.link == "" {
					require.NotContains(t, content, "/invoice", subject)
				} else {
					require.Equal(t, 2, strings.Count(content, tt.link), "in the text and in the HTML: %s", content)
				}
			}
		}
	})
}
