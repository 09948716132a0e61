package send_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/services/notification"
	"github.com/amends/amends/services/notification/channel"
)

// provider is a provider of text messages that fails as it is told.
type provider struct {
	mu     sync.Mutex
	book   map[string]int // how often it sent a message, by key
	closed map[string]bool
	fail   error // of Send
	takes  bool  // it sends the message nevertheless
	silent error // of Close
}

func newProvider() *provider { return &provider{book: map[string]int{}, closed: map[string]bool{}} }

// Send implements [channel.Channel].
func (p *provider) Send(_ context.Context, m channel.Message) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fail != nil && !p.takes {
		return p.fail
	}
	if p.closed[m.Key] {
		return fault.Errorf(fault.Business, channel.Refused, "the key is closed")
	}
	p.book[m.Key] = 1 // a repeat of the key is the same message
	return p.fail
}

// Close implements [channel.Provider].
func (p *provider) Close(_ context.Context, key string) (bool, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.silent != nil {
		return false, p.silent
	}
	if p.book[key] == 0 {
		p.closed[key] = true
	}
	return p.book[key] == 1, nil
}

func (p *provider) is(fail error, takes bool) { p.fail, p.takes = fail, takes }

var (
	refused = fault.Errorf(fault.Business, channel.Refused, "no")
	down    = fault.Errorf(fault.Transient, channel.Unavailable, "down")
	silence = fault.Errorf(fault.Unknown, channel.NoAnswer, "silence")
	foreign = fault.Errorf(fault.Business, channel.AddressRefused, "no such number")
)

// texts makes the recipient want text messages, and returns the one about an order.
func (b testBundle) text(t *testing.T, order string) notification.Delivery {
	t.Helper()
	all, err := b.store.About(t.Context(), order)
	require.NoError(t, err)
	for _, d := range all {
		if d.Channel == notification.SMS {
			return d
		}
	}
	require.Fail(t, "no text message", order)
	return notification.Delivery{}
}

func (b testBundle) wantTexts() {
	b.users.contact.Addresses[notification.SMS] = "+49301234"
	b.users.contact.Wants = map[notification.Channel]bool{notification.SMS: true, notification.Push: true}
}

// TestTheSecondProviderIsUsedOnce: whatever the first one does, and whatever it lets know,
// the recipient gets one message.
func TestTheSecondProviderIsUsedOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b testBundle) {
		b.wantTexts()
		for i, c := range []struct {
			name          string
			fail          error
			takes, asked  bool // asked: its answer to the question comes at first not
			first, second int  // messages
		}{
			{name: "works", first: 1},
			{name: "refuses", fail: refused, second: 1},
			{name: "is down", fail: down, second: 1},
			{name: "is silent, and has sent nothing", fail: silence, second: 1},
			{name: "is silent, and has sent it", fail: silence, takes: true, first: 1},
			{name: "is silent, has sent nothing, and does not answer the question", fail: silence, asked: true, second: 1},
			{name: "is silent, has sent it, and does not answer the question", fail: silence, takes: true, asked: true, first: 1},
		} {
			order := fmt.Sprint("order-", i)
			first, second := len(b.first.book), len(b.second.book)
			b.first.is(c.fail, c.takes)
			if c.asked {
				b.first.silent = silence
			}
			s := b.sender(t, nil)
			b.tell(t, order, b.confirmed(order))
			require.NoError(t, s.Round(t.Context()))
			if c.asked {
				d := b.text(t, order)
				require.Equal(t, notification.Wanted, d.State, c.name)
				require.Equal(t, "sms", d.Provider, "it may have it")
				require.Len(t, b.second.book, second, "nobody else gets it before that is known")
				b.first.silent = nil
			}
			b.clock.pass(time.Hour)
			require.NoError(t, s.Round(t.Context()))
			b.tell(t, order+" anew", b.confirmed(order))
			b.clock.pass(time.Hour)
			require.NoError(t, s.Round(t.Context()))

			d := b.text(t, order)
			require.Equal(t, notification.Sent, d.State, c.name)
			require.Equal(t, "+49301234", d.Address)
			require.Equal(t, map[bool]string{true: "sms", false: "sms_reserve"}[c.first == 1], d.Provider, c.name)
			require.Equal(t, c.first, len(b.first.book)-first, c.name)
			require.Equal(t, c.second, len(b.second.book)-second, c.name)
			require.ElementsMatch(t, []string{"notification.sent account-1", "notification.sent account-1"}, b.told.Names(t), c.name)
		}
	})
}

// TestALateRequestAtTheFirstProviderSendsNothing: it was closed before the second was asked.
func TestALateRequestAtTheFirstProviderSendsNothing(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b testBundle) {
		b.wantTexts()
		b.first.is(silence, false)
		b.tell(t, "e1", b.confirmed("order-1"))
		require.NoError(t, b.sender(t, nil).Round(t.Context()))
		require.Len(t, b.second.book, 1)
		b.first.is(nil, false)
		err := b.first.Send(t.Context(), channel.Message{Key: b.text(t, "order-1").ID})
		require.Equal(t, channel.Refused, fault.CodeOf(err))
		require.Empty(t, b.first.book)
	})
}

func TestBothProvidersMayFail(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b testBundle) {
		b.wantTexts()
		s := b.sender(t, nil)
		ends := func(order string, first, second error) notification.Delivery {
			b.first.is(first, false)
			b.second.is(second, false)
			b.tell(t, order, b.confirmed(order))
			require.NoError(t, s.Round(t.Context()))
			return b.text(t, order)
		}
		require.Equal(t, notification.Dropped, ends("order-1", refused, refused).State)
		d := ends("order-2", down, down)
		require.Equal(t, notification.Wanted, d.State)
		require.Empty(t, d.Provider, "none has it")
		d = ends("order-3", down, silence)
		require.Equal(t, "sms_reserve", d.Provider, "it may have it")
		b.first.is(nil, false)
		b.second.is(nil, false)
		b.clock.pass(time.Hour)
		require.NoError(t, s.Round(t.Context()))
		require.Equal(t, "sms", b.text(t, "order-2").Provider)
		require.Equal(t, "sms_reserve", b.text(t, "order-3").Provider, "the first must not send it too")
		require.Len(t, b.first.book, 1)
		require.Len(t, b.second.book, 1)

		d = ends("order-4", foreign, nil)
		require.Equal(t, channel.AddressRefused, d.Reason, "another provider does not know the number either")
		require.Equal(t, notification.Suppressed, ends("order-5", nil, nil).Reason)
		require.Len(t, b.second.book, 1)
	})
}

// TestOptionalChannelsAreThoseThatAreWanted: and never those of security.
func TestOptionalChannelsAreThoseThatAreWanted(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b testBundle) {
		s := b.sender(t, nil)
		b.users.contact.Addresses[notification.SMS] = "+49301234"
		b.tell(t, "e1", b.confirmed("order-1"))
		require.Equal(t, notification.Email, b.settle(t, s, "order-1").Channel, "it is not wanted")
		b.wantTexts()
		delete(b.users.contact.Addresses, notification.SMS)
		b.tell(t, "e2", b.confirmed("order-2"))
		require.Equal(t, notification.Email, b.settle(t, s, "order-2").Channel, "there is no number")
		b.wantTexts()
		b.tell(t, "e3", notification.Notice{Kind: notification.PasswordChanged, Subject: "account-1", Recipient: "account-1", At: b.clock.now()})
		require.Equal(t, notification.Email, b.settle(t, s, "account-1").Channel)
	})
}

// TestAChannelThatIsTurnedOffIsSilent: also for messages that wait for it.
func TestAChannelThatIsTurnedOffIsSilent(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b testBundle) {
		b.wantTexts()
		b.first.is(down, false)
		b.second.is(down, false)
		s := b.sender(t, nil)
		b.tell(t, "e1", b.confirmed("order-1"))
		require.NoError(t, s.Round(t.Context()))
		require.Equal(t, notification.Wanted, b.text(t, "order-1").State)
		b.users.contact.Wants = nil
		b.first.is(nil, false)
		b.clock.pass(time.Hour)
		require.NoError(t, s.Round(t.Context()))
		d := b.text(t, "order-1")
		require.Equal(t, notification.Dropped, d.State)
		require.Equal(t, notification.NotWanted, d.Reason)
		require.Empty(t, b.first.book)
	})
}
