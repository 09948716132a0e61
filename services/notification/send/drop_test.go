package send_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/proof/smtptest"
	"github.com/amends/amends/proof/told"
	"github.com/amends/amends/saga/barrier/txn"
	"github.com/amends/amends/services/notification"
	"github.com/amends/amends/services/notification/channel"
	"github.com/amends/amends/services/notification/store"
)

func TestAMessageThatComesTooLateIsDropped(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b testBundle) {
		b.users.err = away
		s := b.sender(t, nil)
		n := b.confirmed("order-1")
		b.tell(t, "e1", n)
		require.NoError(t, s.Round(t.Context()))
		d := b.delivery(t, "order-1")
		require.Equal(t, notification.Wanted, d.State)
		require.Equal(t, fault.Unavailable, d.Reason)
		b.clock.pass(73 * time.Hour)
		b.users.err = nil
		require.Equal(t, notification.TooLate, b.settle(t, s, "order-1").Reason)

		n.Subject = "order-2"
		b.tell(t, "e2", n) // redriven after days
		require.Equal(t, notification.TooLate, b.settle(t, s, "order-2").Reason)

		b.users.contact.ExpiresAt = b.clock.now().Add(-time.Second)
		b.tell(t, "e3", notification.Notice{Kind: notification.ResetPassword, Subject: "mail-1", Recipient: "account-1", At: b.clock.now()})
		require.Equal(t, notification.TooLate, b.settle(t, s, "mail-1").Reason, "its token has ended")
		b.users.contact.ExpiresAt = time.Time{}
		n.Subject, n.At = "order-3", b.clock.now().Add(time.Minute-72*time.Hour)
		b.users.during = func() { b.clock.pass(time.Minute) }
		b.tell(t, "e4", n)
		require.Equal(t, notification.TooLate, b.settle(t, s, "order-3").Reason, "the user service took its time")
		require.Empty(t, b.mails.Taken())
		require.Equal(t, slices.Repeat([]string{"notification.failed account-1"}, 4), b.told.Names(t))
	})
}

func TestAnAttemptIsRepeatedEverLater(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b testBundle) {
		b.users.err = away
		s := b.sender(t, nil)
		b.tell(t, "e1", b.confirmed("order-1"))
		for _, wait := range []time.Duration{2 * time.Second, 4 * time.Second, 8 * time.Second} {
			require.NoError(t, s.Round(t.Context()))
			require.Equal(t, b.clock.now().Add(wait), b.delivery(t, "order-1").NextAt)
			b.clock.pass(wait - time.Microsecond)
			asked := len(b.users.asked)
			require.NoError(t, s.Round(t.Context()))
			require.Len(t, b.users.asked, asked, "too early")
			b.clock.pass(time.Microsecond)
		}
	})
}

func TestMessagesThatWaitForLongAreTold(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b testBundle) {
		b.users.err = away
		s := b.sender(t, nil)
		b.tell(t, "e1", b.confirmed("order-1"))
		warns := func() []string {
			require.NoError(t, s.Round(t.Context()))
			require.NoError(t, s.Look(t.Context()))
			return s.Warnings()
		}
		require.Empty(t, warns())
		b.clock.pass(11 * time.Minute)
		require.Len(t, warns(), 1)
		require.Contains(t, s.Warnings()[0], "1 messages to customers have waited for more than 10m0s")
		b.users.err = nil
		b.clock.pass(11 * time.Minute)
		require.Empty(t, warns())
	})
}

func TestARefusedAddressIsSuppressed(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b testBundle) {
		b.mails.Fail(smtptest.UnknownUser)
		s := b.sender(t, nil)
		refused := func(order string) fault.Code {
			b.tell(t, order, b.confirmed(order))
			return b.settle(t, s, order).Reason
		}
		require.Equal(t, channel.AddressRefused, refused("order-1"))
		require.Equal(t, notification.Suppressed, refused("order-2"))
		require.NoError(t, b.store.Lift(t.Context(), notification.Email, "ADA@canary.example"))
		require.NoError(t, b.store.Lift(t.Context(), notification.Email, "ADA@canary.example"))
		require.Empty(t, refused("order-3"))
		b.mails.Fail(smtptest.UnknownUser)
		require.Equal(t, channel.AddressRefused, refused("order-4"))
		b.clock.pass(notification.SuppressFor)
		require.Empty(t, refused("order-5"), "it may be mended by now")
		b.mails.Fail(smtptest.Spam)
		require.Equal(t, channel.Refused, refused("order-6"))
		require.Empty(t, refused("order-7"), "the address is not to blame")
		require.Len(t, b.mails.Taken(), 3)
	})
}

func TestARecipientWhoIsGoneGetsNothing(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b testBundle) {
		s := b.sender(t, nil)
		b.users.err = fault.Errorf(fault.Business, fault.NotFound, "there is no such account")
		b.tell(t, "e1", b.confirmed("order-1"))
		require.Equal(t, notification.NoAddress, b.settle(t, s, "order-1").Reason)
		b.tell(t, "e2", b.ofGuest("order-2"))
		require.Equal(t, notification.NoAddress, b.settle(t, s, "order-2").Reason)
		require.Equal(t, []string{"notification.failed account-1", "notification.failed order-2"}, b.told.Names(t))
		require.Empty(t, b.mails.Taken())
	})
}

// TestAnAddressThatWasLeftGetsNothingMore: an attempt that surely sent nothing binds the next
// one to nothing. One that may have sent the mail does: two addresses must not have it.
func TestAnAddressThatWasLeftGetsNothingMore(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b testBundle) {
		s := b.sender(t, nil)
		for subject, tt := range map[string]struct {
			faults []smtptest.Fault
			want   string
		}{
			"busy":                  {[]smtptest.Fault{smtptest.Busy}, "new@canary.example"},
			"reply lost":            {[]smtptest.Fault{smtptest.LoseReply}, ada},
			"reply lost, then busy": {[]smtptest.Fault{smtptest.LoseReply, smtptest.Busy}, ada},
		} {
			b.users.contact.Addresses[notification.Email] = ada
			b.tell(t, subject, b.confirmed(subject))
			for _, f := range tt.faults {
				b.mails.Fail(f)
				b.clock.pass(10 * time.Minute)
				require.NoError(t, s.Round(t.Context()))
			}
			require.EqualValues(t, len(tt.faults), b.delivery(t, subject).Attempts, subject)
			require.Equal(t, ada, b.delivery(t, subject).Address, subject)
			b.users.contact.Addresses[notification.Email] = "new@canary.example"
			d := b.settle(t, s, subject)
			require.Equal(t, notification.Sent, d.State, subject)
			require.Equal(t, tt.want, d.Address, subject)
			taken := b.mails.Taken()
			require.Equal(t, tt.want, taken[len(taken)-1].To, subject)
		}
	})
}

// TestAddressesAreInDeliveriesOnly: nowhere else in the service's database, and not there
// either when the account is erased.
func TestAddressesAreInDeliveriesOnly(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b testBundle) {
		s := b.sender(t, nil)
		b.tell(t, "e1", b.confirmed("order-1"))
		require.Equal(t, ada, b.settle(t, s, "order-1").Address)
		b.tell(t, "e2", notification.Notice{Kind: notification.ConfirmRegistration, Subject: "mail-1", Recipient: "account-1", At: b.clock.now()})
		b.mails.Fail(smtptest.UnknownUser)
		require.Equal(t, channel.AddressRefused, b.settle(t, s, "mail-1").Reason)
		told.RequireAbsent(t, b.db, ada, "amv_secret", "Ada")
		require.Zero(t, b.rows(t, "suppressions", "address LIKE '%canary%'"))
		require.Equal(t, int64(1), b.rows(t, "suppressions", "true"))
		require.Zero(t, b.rows(t, "deliveries", "facts LIKE '%secret%' OR facts LIKE '%Ada%'"))

		b.users.err = away
		b.tell(t, "e3", b.confirmed("order-3"))
		require.NoError(t, s.Round(t.Context()))
		b.told.Names(t)
		b.erase(t, store.Gone{Accounts: []string{"account-1"}})
		require.Equal(t, []string{"notification.failed account-1"}, b.told.Names(t))
		b.erase(t, store.Gone{Accounts: []string{"account-1"}})
		require.Empty(t, b.told.Names(t))
		require.Zero(t, b.rows(t, "suppressions", "true"), "a hash of the address is one more copy")
		require.Equal(t, notification.Erased, b.delivery(t, "order-3").Reason)
		require.Equal(t, notification.Sent, b.delivery(t, "order-1").State)
		require.Zero(t, b.rows(t, "deliveries", "address <> ''"))
	})
}

func TestAnErasedOrderLeavesNoAddress(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b testBundle) {
		s := b.sender(t, nil)
		b.tell(t, "e1", b.confirmed("order-1"))
		b.tell(t, "e2", b.confirmed("order-2"))
		require.Equal(t, ada, b.settle(t, s, "order-1").Address)
		b.settle(t, s, "order-2")
		b.tell(t, "e3", notification.Notice{Kind: notification.ConfirmRegistration, Subject: "mail-1", Recipient: "account-1", At: b.clock.now()})
		b.mails.Fail(smtptest.UnknownUser)
		b.settle(t, s, "mail-1")
		b.users.err = away
		refund := b.confirmed("order-1")
		refund.Kind, refund.Occurrence = notification.OrderRefunded, "r1"
		b.tell(t, "e4", refund)
		require.NoError(t, s.Round(t.Context()))
		b.told.Names(t)

		b.erase(t, store.Gone{Orders: []string{"order-3", "mail-1"}})
		require.Equal(t, int64(1), b.rows(t, "suppressions", "true"), "a mail is no order")
		require.Empty(t, b.told.Names(t))
		b.erase(t, store.Gone{Orders: []string{"order-1"}})
		require.Equal(t, []string{"notification.failed account-1"}, b.told.Names(t), "of the refund, which waited")
		require.Equal(t, int64(1), b.rows(t, "deliveries", "state = 'DROPPED' AND reason = 'ERASED'"))
		require.Zero(t, b.rows(t, "deliveries", "subject = 'order-1' AND (address <> '' OR locale <> '')"))
		require.Zero(t, b.rows(t, "suppressions", "true"))
		b.erase(t, store.Gone{Orders: []string{"order-1"}})
		require.Empty(t, b.told.Names(t))
		require.Equal(t, ada, b.delivery(t, "order-2").Address)
	})
}

func (b testBundle) erase(t *testing.T, g store.Gone) {
	t.Helper()
	require.NoError(t, txn.Run(t.Context(), b.db, func(tx *gorm.DB) error { return b.store.Erase(tx, g) }))
}

func TestSuppressionsThatHaveEndedAreRemoved(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b testBundle) {
		b.mails.Fail(smtptest.UnknownUser)
		b.tell(t, "e1", b.confirmed("order-1"))
		require.Equal(t, channel.AddressRefused, b.settle(t, b.sender(t, nil), "order-1").Reason)
		b.clock.pass(notification.SuppressFor - time.Second)
		require.NoError(t, b.store.Forget(t.Context()))
		require.Equal(t, int64(1), b.rows(t, "suppressions", "true"))
		b.clock.pass(time.Second)
		require.NoError(t, b.store.Forget(t.Context()))
		require.Zero(t, b.rows(t, "suppressions", "true"))
	})
}

func TestOldAddressesAreRemoved(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b testBundle) {
		b.tell(t, "e1", b.confirmed("order-1"))
		b.settle(t, b.sender(t, nil), "order-1")
		b.clock.pass(90 * 24 * time.Hour)
		require.NoError(t, b.store.Forget(t.Context()))
		require.Equal(t, ada, b.delivery(t, "order-1").Address)
		b.clock.pass(time.Second)
		require.NoError(t, b.store.Forget(t.Context()))
		require.Empty(t, b.delivery(t, "order-1").Address)
	})
}

// rows returns how many rows of a table fulfil a condition.
func (b testBundle) rows(t *testing.T, table, where string) (n int64) {
	t.Helper()
	require.NoError(t, b.db.WithContext(t.Context()).Raw("SELECT count(*) FROM "+table+" WHERE "+where).Scan(&n).Error)
	return n
}
