// Package smtp sends mails by SMTP.
package smtp

import (
	"context"
	"errors"
	"fmt"
	netmail "net/mail"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/wneessen/go-mail"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/services/notification/channel"
)

// Timeout bounds the conversation about one mail.
const Timeout = 30 * time.Second

// Server sends mails through a server. Every mail has a connection of its own.
type Server struct {
	client *mail.Client
	from   *netmail.Address
	domain string // of message ids
}

var _ channel.Channel = (*Server)(nil)

// New returns a channel through the server at address, smtp://user:password@host:port: with
// STARTTLS if the server offers it, and required with a password. smtp+starttls:// requires
// it in any case, smtps:// is TLS from the beginning. from is the sender, such as "Shop <shop@example.com>". It connects to nothing.
func New(address, from string) (*Server, error) {
	sender, err := netmail.ParseAddress(from)
	if err != nil {
		return nil, errors.New("mail_from: must be an address of mail, such as Shop <shop@example.com>")
	}
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" || ports[u.Scheme] == 0 {
		return nil, errors.New("smtp_url: must be smtp://user:password@host:port, smtp+starttls://… or smtps://…")
	}
	client, err := mail.NewClient(u.Hostname(), options(u)...)
	if err != nil {
		return nil, fmt.Errorf("smtp_url: %w", err)
	}
	_, domain, _ := strings.Cut(sender.Address, "@")
	return &Server{client: client, from: sender, domain: domain}, nil
}

// ports are the schemes, each with its port.
var ports = map[string]int{"smtp": 587, "smtp+starttls": 587, "smtps": 465}

func options(u *url.URL) []mail.Option {
	all := []mail.Option{mail.WithTimeout(Timeout), mail.WithTLSPolicy(mail.TLSOpportunistic), mail.WithoutNoop()}
	port := ports[u.Scheme]
	if n, err := strconv.Atoi(u.Port()); err == nil {
		port = n
	}
	all = append(all, mail.WithPort(port))
	switch u.Scheme {
	case "smtps":
		all = append(all, mail.WithSSL())
	case "smtp+starttls":
		all = append(all, mail.WithTLSPolicy(mail.TLSMandatory))
	}
	if password, ok := u.User.Password(); ok {
		all = append(all, mail.WithTLSPolicy(mail.TLSMandatory), mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover),
			mail.WithUsername(u.User.Username()), mail.WithPassword(password))
	}
	return all
}

// Send implements [channel.Channel].
func (s *Server) Send(ctx context.Context, m channel.Message) error {
	message, err := s.message(m)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, Timeout)
	defer cancel()
	conn, err := s.client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return fault.Wrap(err, fault.Transient, channel.Unavailable, "the mail server does not answer")
	}
	// The library obeys ctx only while it connects.
	defer context.AfterFunc(ctx, func() { _ = conn.Text.Close() })()
	defer func() { _ = s.client.CloseWithSMTPClient(conn) }() // the mail is taken, or is not
	err = s.client.SendWithSMTPClient(conn, message)
	if err == nil || message.IsDelivered() {
		return nil
	}
	return outcome(err)
}

// message returns m as a mail. A malformed address is a refusal.
func (s *Server) message(m channel.Message) (*mail.Msg, error) {
	message := mail.NewMsg(mail.WithNoDefaultUserAgent())
	message.FromMailAddress(s.from)
	if err := message.To(m.To); err != nil {
		return nil, fault.Errorf(fault.Business, channel.AddressRefused, "the address is malformed")
	}
	message.Subject(m.Subject)
	message.SetMessageIDWithValue(m.Key + "@" + s.domain)
	message.SetDate()
	message.SetGenHeader("Auto-Submitted", "auto-generated")
	message.SetBodyString(mail.TypeTextPlain, m.Text)
	if m.HTML != "" {
		message.AddAlternativeString(mail.TypeTextHTML, m.HTML)
	}
	return message, nil
}

// outcome returns the fault of a mail that was not surely taken. A sender or a client whom
// the server does not accept is no matter of the mail: an operator can mend it.
func outcome(err error) error {
	var failed *mail.SendError
	if !errors.As(err, &failed) {
		return fault.Wrap(err, fault.Unknown, channel.NoAnswer, "the mail server gave no answer")
	}
	status := failed.EnhancedStatusCode() // RFC 3463; empty if the server states none
	refused := failed.ErrorCode() >= 500 && !strings.HasPrefix(status, "5.7.") && status != "5.1.7" && status != "5.1.8"
	silent := failed.ErrorCode() == 0
	switch failed.Reason {
	case mail.ErrSMTPRcptTo:
		switch {
		case refused && (strings.HasPrefix(status, "5.1.") || strings.HasPrefix(status, "5.2.")):
			return fault.Wrap(err, fault.Business, channel.AddressRefused, "the mail server does not know the address")
		case refused: // and the address may be good
			return fault.Wrap(err, fault.Business, channel.Refused, "the mail server refuses the recipient")
		}
	case mail.ErrSMTPData, mail.ErrSMTPDataClose, mail.ErrWriteContent:
		switch {
		case refused:
			return fault.Wrap(err, fault.Business, channel.Refused, "the mail server refuses the mail")
		case silent && failed.Reason != mail.ErrSMTPData:
			return fault.Wrap(err, fault.Unknown, channel.NoAnswer, "the mail server gave no answer")
		}
	default:
	}
	return fault.Wrap(err, fault.Transient, channel.Unavailable, "the mail server has not taken the mail")
}
