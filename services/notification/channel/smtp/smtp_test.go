package smtp_test

import (
	"context"
	"net/mail"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/dev/loopback"
	"github.com/amends/amends/proof/smtptest"
	"github.com/amends/amends/services/notification/channel"
	"github.com/amends/amends/services/notification/channel/smtp"
)

const from = "Shop <shop@shop.example>"

var order = channel.Message{Key: "k1", To: "ada@example.com", Subject: "Bestätigt: 3 €", Text: "Guten Tag, Ada", HTML: "<p>Guten Tag, Ada</p>"}

func TestAMailArrivesWithItsKey(t *testing.T) {
	t.Parallel()
	s := smtptest.New(t)
	c, err := smtp.New(s.URL, from)
	require.NoError(t, err)
	require.NoError(t, c.Send(t.Context(), order))
	require.NoError(t, c.Send(t.Context(), order))
	require.Len(t, s.Taken(), 2)
	require.Len(t, s.Mailbox(), 1, "a repeat has the same Message-ID")
	got := s.Taken()[0]
	require.Equal(t, "<k1@shop.example>", got.ID)
	require.Equal(t, "ada@example.com", got.To)
	read, err := mail.ReadMessage(strings.NewReader(got.Content))
	require.NoError(t, err)
	require.Equal(t, "auto-generated", read.Header.Get("Auto-Submitted"))
	require.Empty(t, read.Header.Get("List-Unsubscribe"), "nothing can be unsubscribed from")
	require.Empty(t, read.Header.Get("User-Agent"))
	require.Contains(t, got.Content, "Guten Tag, Ada")
	require.Contains(t, got.Content, "<p>Guten Tag, Ada</p>")
}

func TestTheOutcomeOfAMailIsJudged(t *testing.T) {
	t.Parallel()
	for f, want := range map[smtptest.Fault]struct {
		kind fault.Kind
		code fault.Code
	}{
		smtptest.UnknownUser:   {fault.Business, channel.AddressRefused},
		smtptest.NoReason:      {fault.Business, channel.Refused},
		smtptest.BadSender:     {fault.Transient, channel.Unavailable},
		smtptest.NoRelay:       {fault.Transient, channel.Unavailable},
		smtptest.Busy:          {fault.Transient, channel.Unavailable},
		smtptest.Spam:          {fault.Business, channel.Refused},
		smtptest.BusyAfterData: {fault.Transient, channel.Unavailable},
		smtptest.LoseData:      {fault.Unknown, channel.NoAnswer},
		smtptest.LoseReply:     {fault.Unknown, channel.NoAnswer},
	} {
		t.Run(string(f), func(t *testing.T) {
			t.Parallel()
			s := smtptest.New(t)
			c, err := smtp.New(s.URL, from)
			require.NoError(t, err)
			s.Fail(f)
			err = c.Send(t.Context(), order)
			require.Equal(t, want.kind, fault.KindOf(err), "%v", err)
			require.Equal(t, want.code, fault.CodeOf(err), "%v", err)
			require.NotContains(t, fault.Of(err).Message, "ada@", "an address is not for logs")
			require.NoError(t, c.Send(t.Context(), order))
		})
	}
}

// TestAConversationEndsWithItsTime: behind it another process may send the mail.
func TestAConversationEndsWithItsTime(t *testing.T) {
	t.Parallel()
	s := smtptest.New(t)
	c, err := smtp.New(s.URL, from)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	answered := make(chan struct{})
	s.OnMail(func(smtptest.Mail) { cancel(); <-answered })
	begin := time.Now()
	err = c.Send(ctx, order)
	close(answered)
	require.Equal(t, channel.NoAnswer, fault.CodeOf(err), "%v", err)
	require.Less(t, time.Since(begin), smtp.Timeout/2)
}

func TestNothingIsSentWithoutAServer(t *testing.T) {
	t.Parallel()
	nowhere, err := loopback.FreeAddress(t.Context())
	require.NoError(t, err)
	c, err := smtp.New("smtp://"+nowhere, from)
	require.NoError(t, err)
	require.Equal(t, channel.Unavailable, fault.CodeOf(c.Send(t.Context(), order)))
}

func TestAPasswordIsNotSentInClear(t *testing.T) {
	t.Parallel()
	s := smtptest.New(t)
	c, err := smtp.New(strings.Replace(s.URL, "smtp://", "smtp://shop:secret@", 1), from)
	require.NoError(t, err)
	require.Equal(t, channel.Unavailable, fault.CodeOf(c.Send(t.Context(), order)), "the server has no TLS")
	require.Empty(t, s.Taken())
}

func TestAMailIsNotSentInClearIfThatIsForbidden(t *testing.T) {
	t.Parallel()
	s := smtptest.New(t)
	c, err := smtp.New(strings.Replace(s.URL, "smtp://", "smtp+starttls://", 1), from)
	require.NoError(t, err)
	require.Equal(t, channel.Unavailable, fault.CodeOf(c.Send(t.Context(), order)), "the server has no TLS, or a thief has hidden it")
	require.Empty(t, s.Taken())
}

func TestAMalformedAddressIsRefused(t *testing.T) {
	t.Parallel()
	c, err := smtp.New("smtp://localhost", from)
	require.NoError(t, err)
	bad := order
	bad.To = "ada"
	require.Equal(t, channel.AddressRefused, fault.CodeOf(c.Send(t.Context(), bad)))
}

// TestNoTextIsAHeader: a line break in a text or an address adds nothing to the mail.
func TestNoTextIsAHeader(t *testing.T) {
	t.Parallel()
	s := smtptest.New(t)
	c, err := smtp.New(s.URL, from)
	require.NoError(t, err)
	for _, end := range []string{"\r\n", "\n", "\r"} {
		evil := channel.Message{
			Key: "k1", To: order.To, Subject: "Hi" + end + "Bcc: eve@example.com" + end + end + "<p>", Text: "Ada" + end + "." + end + "RCPT TO:<eve@example.com>",
		}
		require.NoError(t, c.Send(t.Context(), evil))
		taken := s.Taken()
		got := taken[len(taken)-1]
		require.Equal(t, order.To, got.To)
		read, err := mail.ReadMessage(strings.NewReader(got.Content))
		require.NoError(t, err)
		require.Empty(t, read.Header.Get("Bcc"))
		require.Equal(t, "auto-generated", read.Header.Get("Auto-Submitted"), "the headers behind it are there")
		require.Contains(t, got.Content, "RCPT TO:<eve@example.com>", "it is text")
		evil.To += end + "Bcc: eve@example.com"
		require.Equal(t, channel.AddressRefused, fault.CodeOf(c.Send(t.Context(), evil)))
	}
	require.Len(t, s.Taken(), 3)
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"", "localhost:25", "http://localhost", "smtp://"} {
		_, err := smtp.New(url, from)
		require.ErrorContains(t, err, "smtp_url: must be smtp://", url)
	}
	_, err := smtp.New("smtp://localhost", "shop")
	require.ErrorContains(t, err, "mail_from: must be an address")
}
