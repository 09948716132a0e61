package send_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/proof/smtptest"
	"github.com/amends/amends/proof/told"
	"github.com/amends/amends/services/notification"
)

const (
	guest      = "guest@canary.example"
	guestPhone = "+49305550100"
)

func (b testBundle) ofGuest(order string) notification.Notice {
	n := b.confirmed(order)
	n.Recipient = notification.Guest
	return n
}

// TestAGuestIsToldOnceWhereTheOrderSays: by the contact of the order, in its language, and
// once however often the fact is told and whatever fails between.
func TestAGuestIsToldOnceWhereTheOrderSays(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b testBundle) {
		s := b.sender(t, nil)
		b.users.contact = notification.Contact{
			Locale: "de", Addresses: map[notification.Channel]string{notification.Email: guest, notification.SMS: guestPhone},
		}
		b.users.err = away
		b.tell(t, "e1", b.ofGuest("order-1"))
		require.NoError(t, s.Round(t.Context()))
		require.Equal(t, notification.Wanted, b.delivery(t, "order-1").State, "it waits for the order service")
		b.users.err = nil
		b.mails.Fail(smtptest.LoseReply)
		b.clock.pass(time.Minute)
		require.NoError(t, s.Round(t.Context()))
		b.tell(t, "e2", b.ofGuest("order-1"))
		d := b.settle(t, s, "order-1")
		b.tell(t, "e3", b.ofGuest("order-1"))
		require.NoError(t, s.Round(t.Context()))

		require.Equal(t, notification.Sent, d.State)
		require.Equal(t, guest, d.Address)
		require.Equal(t, "de", d.Locale)
		box := b.mails.Mailbox()
		require.Len(t, box, 1, "the repeat has the same Message-ID")
		require.Equal(t, guest, box[0].To)
		require.Contains(t, box[0].Content, "Guten Tag,", "no name is known")
		require.Equal(t, []string{"notification.sent order-1"}, b.told.Names(t))
		require.Contains(t, b.users.asked, "order order-1")
		require.NotContains(t, b.users.asked, "account "+notification.Guest)
		told.RequireAbsent(t, b.db, "canary", "5550100")
	})
}

func TestAGuestWithATelephoneAloneGetsATextMessage(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b testBundle) {
		s := b.sender(t, nil)
		b.users.contact = notification.Contact{
			Addresses: map[notification.Channel]string{notification.SMS: guestPhone}, Wants: map[notification.Channel]bool{notification.SMS: true},
		}
		for _, id := range []string{"e1", "e2"} {
			b.tell(t, id, b.ofGuest("order-1"))
			require.NoError(t, s.Round(t.Context()))
		}
		require.NoError(t, s.Round(t.Context()))
		d := b.text(t, "order-1")
		require.Equal(t, notification.Sent, d.State)
		require.Equal(t, guestPhone, d.Address)
		require.Equal(t, "en", d.Locale, "none was given")
		require.Len(t, b.first.book, 1)
		require.Empty(t, b.mails.Taken())
	})
}
