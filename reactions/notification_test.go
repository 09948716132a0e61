package reactions_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/event"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/reactions"
	"github.com/amends/amends/services/notification"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/services/order/erased"
	"github.com/amends/amends/services/user"
)

const account = "0193725e-7c00-7000-8000-00000000a001"

func of[Data any](f event.Fact[Data], data Data) event.Event {
	e := f.New("key", "", data)
	e.ID = "e1"
	return e
}

// TestWhatEachFactMeans: a nil notice tells nobody.
func TestWhatEachFactMeans(t *testing.T) {
	t.Parallel()
	placed := order.Snapshot{
		ID: "b8557e09-1ca9-8ac6-b79b-8c821f1a990c", CustomerID: account, Reason: order.OutOfStock, Total: new(money.New(100, "EUR")),
		Lines: []order.TakenLine{{SKU: "MUG", Quantity: 2}},
	}
	about := notification.Facts{Lines: []notification.Line{{SKU: "MUG", Quantity: 2}}, Total: money.New(100, "EUR"), Reason: "OUT_OF_STOCK"}
	guest, old, unseen := placed, placed, placed
	unseen.Total, unseen.Reason = nil, order.UnknownSKU
	unseen.Lines = []order.TakenLine{{SKU: "Cheap pills at evil.example", Quantity: 1}}
	refund := placed
	refund.Refund, refund.Refunded = &order.MadeRefund{ID: "r1", Amount: money.New(30, "EUR")}, new(money.New(80, "EUR"))
	guest.ID = "b8557e09-1ca9-4ac6-b79b-8c821f1a990c"
	old.ID = "order-1"
	mail := func(template user.Template) event.Event {
		return of(user.MailWantedFact, user.MailData{Account: account, Mail: "mail-1", Template: template})
	}
	mailed := func(k notification.Kind) *notification.Notice {
		return &notification.Notice{Kind: k, Subject: "mail-1", Recipient: account}
	}
	for name, c := range map[string]struct {
		e    event.Event
		want reactions.Told
	}{
		"confirmed": {of(order.ConfirmedFact, placed), reactions.Told{Notice: &notification.Notice{Kind: notification.OrderConfirmed, Subject: placed.ID, Recipient: account, Facts: about}}},
		"cancelled": {of(order.CancelledFact, placed), reactions.Told{Notice: &notification.Notice{Kind: notification.OrderCancelled, Subject: placed.ID, Recipient: account, Facts: about}}},
		"cancelled unseen": {of(order.CancelledFact, unseen), reactions.Told{Notice: &notification.Notice{
			Kind: notification.OrderCancelled, Subject: placed.ID, Recipient: account, Facts: notification.Facts{Reason: "UNKNOWN_SKU"},
		}}},
		"a guest's, who names an account": {of(order.ConfirmedFact, guest), reactions.Told{Notice: &notification.Notice{Kind: notification.OrderConfirmed, Subject: guest.ID, Recipient: notification.Guest, Facts: about}}},
		"of another id":                   {of(order.ConfirmedFact, old), reactions.Told{Notice: &notification.Notice{Kind: notification.OrderConfirmed, Subject: "order-1", Recipient: notification.Guest, Facts: about}}},
		"refunded": {of(order.RefundedFact, refund), reactions.Told{Notice: &notification.Notice{
			Kind: notification.OrderRefunded, Subject: placed.ID, Occurrence: "r1", Recipient: account, Facts: notification.Facts{Total: money.New(30, "EUR")},
		}}},
		"refunded by a program that tells otherwise": {of(order.RefundedFact, placed), reactions.Told{}},
		"registration":              {mail(user.ConfirmRegistration), reactions.Told{Notice: mailed(notification.ConfirmRegistration)}},
		"already registered":        {mail(user.AlreadyRegistered), reactions.Told{Notice: mailed(notification.AlreadyRegistered)}},
		"new address":               {mail(user.ConfirmAddress), reactions.Told{Notice: mailed(notification.ConfirmAddress)}},
		"old address":               {mail(user.AddressChanged), reactions.Told{Notice: mailed(notification.AddressChanged)}},
		"reset":                     {mail(user.ResetPassword), reactions.Told{Notice: mailed(notification.ResetPassword)}},
		"a mail of a later release": {mail("birthday"), reactions.Told{}},
		"password": {of(user.PasswordChangedFact, user.PasswordData{Account: account, Reset: true, Record: "r1"}), reactions.Told{Notice: &notification.Notice{
			Kind: notification.PasswordChanged, Subject: account, Occurrence: "r1", Recipient: account, Facts: notification.Facts{Reset: true},
		}}},
		"session": {of(user.SessionOpenedFact, user.SessionData{Account: account, Session: "s1"}), reactions.Told{Notice: &notification.Notice{
			Kind: notification.SessionOpened, Subject: account, Occurrence: "s1", Recipient: account,
		}}},
		"erased":       {of(user.ErasedFact, user.ErasedData{Account: account}), reactions.Told{Erased: reactions.Erased{Account: account}}},
		"order erased": {of(erased.Fact, erased.Data{Order: guest.ID}), reactions.Told{Erased: reactions.Erased{Order: guest.ID}}},
	} {
		got, err := reactions.Notify(c.e)
		require.NoError(t, err, name)
		require.Equal(t, c.want, got, name)
	}
	for _, template := range user.Templates {
		got, err := reactions.Notify(mail(template))
		require.NoError(t, err)
		require.NotNil(t, got.Notice, template)
	}
}

// TestCustomersAreToldOfEndsOnly: no customer is told of a step that may still be undone. A refund is
// told when it is made; an erasure is told to no customer.
func TestCustomersAreToldOfEndsOnly(t *testing.T) {
	t.Parallel()
	for _, f := range reactions.NotificationFacts {
		if f.Service != "user" {
			require.Contains(t, []string{"amends.order.confirmed.v1", "amends.order.cancelled.v1", "amends.order.refunded.v1", "amends.order.erased.v1"}, f.Type())
		}
	}
}

// TestEverySampleIsRead: those of every release, too.
func TestEverySampleIsRead(t *testing.T) {
	t.Parallel()
	read := 0
	for _, f := range reactions.NotificationFacts {
		files, err := filepath.Glob("../testdata/events/released/*/" + f.Type() + ".json")
		require.NoError(t, err)
		for _, file := range append(files, "../testdata/events/"+f.Type()+".json") {
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			var s struct {
				Headers map[string]string
				Data    json.RawMessage
			}
			require.NoError(t, json.Unmarshal(text, &s))
			e, err := event.Decode(event.Message{Header: s.Headers, Data: s.Data})
			require.NoError(t, err)
			told, err := reactions.Notify(e)
			require.NoError(t, err)
			require.True(t, told.Notice != nil || told.Erased != (reactions.Erased{}), file)
			if told.Notice != nil {
				require.Equal(t, e.Time, told.Notice.At)
			}
			read++
		}
	}
	require.GreaterOrEqual(t, read, len(reactions.NotificationFacts))
}

func TestWhatIsNoDataIsABug(t *testing.T) {
	t.Parallel()
	for _, f := range reactions.NotificationFacts {
		_, err := reactions.Notify(event.Event{ID: "e1", Type: f.Type(), Data: json.RawMessage(`[]`)})
		require.ErrorContains(t, err, "its data is not that of", f.Type())
	}
	_, err := reactions.Notify(event.Event{ID: "e1", Type: "amends.order.placed.v1"})
	require.ErrorContains(t, err, "is of type")
}
