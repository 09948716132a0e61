package worker

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/proof/rpctest"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/services/notification"
	notificationrpc "github.com/amends/amends/services/notification/rpc"
	"github.com/amends/amends/services/order"
	orderrpc "github.com/amends/amends/services/order/rpc"
	orderstore "github.com/amends/amends/services/order/store"
	"github.com/amends/amends/worker/registry"
)

// TestGuestsAreToldByTheContactsOfTheirOrders follows contacts from the API to the mailbox:
// by calls of those who may make them, and by no event and no line of the log.
func TestGuestsAreToldByTheContactsOfTheirOrders(t *testing.T) {
	t.Parallel()
	p := newPost(t, "user", "notification", "order")
	mails, bus := p.mails, p.bus
	stop := runs(t, p.Options)
	ctx := rpctest.Context(t)

	const mailed, texted, silent = "0190a6b2-7d1e-4c3f-9b5a-2f6d8e4c1a70", "0190a6b2-7d1e-4c3f-9b5a-2f6d8e4c1a71", "0190a6b2-7d1e-4c3f-9b5a-2f6d8e4c1a72"
	const email, phone = "guest@canary.example", "+49305550100"
	orders := func(name string) *orderrpc.Client { return orderrpc.NewClient(p.as(name, "order")) }
	require.NoError(t, orders("api").KeepContact(ctx, mailed, "f", order.Contact{Email: email, Phone: phone, Locale: "de-AT"}))
	require.NoError(t, orders("api").KeepContact(ctx, texted, "f", order.Contact{Phone: phone}))
	for _, caller := range []string{"api", "operator", "payment", "user", "order"} {
		_, err := orders(caller).Contact(ctx, mailed)
		require.Equal(t, fault.Denied, fault.CodeOf(err), caller)
	}
	require.Equal(t, fault.Denied, fault.CodeOf(orders("notification").KeepContact(ctx, silent, "f", order.Contact{Email: email})))

	require.NoError(t, With(ctx, p.Options, "order", func(s *registry.Stores) error {
		store, now := orderstore.New(s.Own), database.Now()
		for _, id := range []string{mailed, texted, silent} {
			_, err := store.Create(ctx, key.New(id, "order.create"), order.Placement{
				CustomerID: "cus_42", Currency: "EUR", Lines: []order.Line{{SKU: "MUG", Quantity: 1}}, Fingerprint: "f", Nonce: "n", PlacedAt: now, DecideBy: now.Add(time.Hour),
			})
			require.NoError(t, err)
			for range 2 { // the repeat tells nothing
				_, err = store.Confirm(ctx, key.New(id, "order.confirm"), order.Closing{Total: new(money.New(100, "EUR")), View: []byte(`{}`)})
				require.NoError(t, err)
			}
		}
		return nil
	}))

	operator := notificationrpc.NewClient(p.as("operator", "notification"))
	ended := func(id string, n int) map[notification.Channel]notification.Delivery {
		t.Helper()
		all := map[notification.Channel]notification.Delivery{}
		require.Eventually(t, func() bool {
			about, err := operator.About(ctx, id)
			require.NoError(t, err)
			for _, d := range about {
				if d.State != notification.Wanted {
					all[d.Channel] = d
				}
			}
			return len(all) == n && len(about) == n
		}, patience, 10*time.Millisecond, id)
		return all
	}
	require.Equal(t, email, ended(mailed, 1)[notification.Email].Address)
	require.Equal(t, notification.Sent, ended(texted, 2)[notification.SMS].State)
	require.Equal(t, notification.NoAddress, ended(texted, 2)[notification.Email].Reason)
	require.Equal(t, notification.NoAddress, ended(silent, 1)[notification.Email].Reason)
	require.Len(t, mails.Taken(), 1)
	require.Contains(t, mails.Taken()[0].Content, "Guten Tag,")
	stop()

	require.NotEmpty(t, bus.Stored())
	for _, m := range bus.Stored() {
		require.NotContains(t, fmt.Sprint(m.Header)+string(m.Data), "canary", m.Topic)
		require.NotContains(t, string(m.Data), phone, m.Topic)
	}
	require.NotEmpty(t, p.log.String())
	require.NotContains(t, p.log.String(), email)
	require.NotContains(t, p.log.String(), phone)
}
