package send

import (
	"context"
	"fmt"
	"time"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/services/notification"
	"github.com/amends/amends/services/notification/channel"
	"github.com/amends/amends/services/notification/template"
)

// outcome makes an attempt. The zero outcome is that of one that has lost its claim; the
// error is the queue's.
func (s *Sender) outcome(ctx context.Context, d notification.Delivery) (Outcome, error) {
	if !d.ExpiresAt.After(s.c.Now()) {
		return dropped(notification.TooLate), nil
	}
	contact, err := s.contact(ctx, d)
	switch {
	case fault.CodeOf(err) == fault.NotFound:
		return dropped(notification.NoAddress), nil
	case err != nil:
		return s.later(d, fault.CodeOf(err)), nil
	case !contact.ExpiresAt.IsZero() && !contact.ExpiresAt.After(s.c.Now()):
		return dropped(notification.TooLate), nil
	}
	// A repeat goes where the attempt before it went: it may have arrived there.
	address := d.Address
	if address == "" {
		address = contact.Addresses[d.Channel]
	}
	out := s.c.Channels[d.Channel]
	if address == "" || out == nil {
		return dropped(notification.NoAddress), nil
	}
	if suppressed, err := s.c.Queue.Suppressed(ctx, d.Channel, address); err != nil {
		return Outcome{}, fmt.Errorf("look for a suppression: %w", err)
	} else if suppressed {
		return dropped(notification.Suppressed), nil
	}
	text, locale, err := s.texts.Render(d.Kind, contact.Locale, values(d, contact))
	if err != nil {
		s.c.Logger.ErrorContext(ctx, "a message cannot be written", "delivery", d.ID, "kind", d.Kind, "error", err)
		return s.later(d, fault.CodeOf(err)), nil
	}
	if ok, err := s.c.Queue.Begin(ctx, d, address, locale); err != nil || !ok {
		return Outcome{}, err
	}
	return s.judge(d, address, out.Send(ctx, channel.Message{Key: d.ID, To: address, Subject: text.Subject, Text: text.Body, HTML: text.HTML})), nil
}

// judge returns the outcome of an attempt for which a channel returned err.
func (s *Sender) judge(d notification.Delivery, address string, err error) Outcome {
	code := fault.CodeOf(err)
	switch {
	case err == nil:
		return Outcome{State: notification.Sent}
	case code == channel.AddressRefused:
		return Outcome{State: notification.Dropped, Reason: code, Suppress: address}
	case fault.KindOf(err) == fault.Business:
		return dropped(code)
	}
	return s.later(d, code)
}

func dropped(reason fault.Code) Outcome {
	return Outcome{State: notification.Dropped, Reason: reason}
}

// later returns the outcome of an attempt that is made again.
func (s *Sender) later(d notification.Delivery, reason fault.Code) Outcome {
	after := s.c.Most
	if n := d.Attempts - 1; n < 30 {
		after = min(s.c.Most, s.c.First<<max(n, 0))
	}
	return Outcome{State: notification.Wanted, Reason: reason, After: max(after, time.Millisecond)}
}

func (s *Sender) contact(ctx context.Context, d notification.Delivery) (notification.Contact, error) {
	rule, err := notification.RuleOf(d.Kind)
	switch {
	case err != nil:
		return notification.Contact{}, err
	case rule.Mail:
		return s.c.Contacts.Mail(ctx, d.Subject) //nolint:wrapcheck // a fault
	case d.Recipient == notification.Guest:
		return notification.Contact{}, fault.Errorf(fault.Business, fault.NotFound, "a guest has no account")
	}
	return s.c.Contacts.Account(ctx, d.Recipient) //nolint:wrapcheck // the same
}

func values(d notification.Delivery, c notification.Contact) template.Values {
	return template.Values{Facts: d.Facts, Subject: d.Subject, Name: c.Name, Token: c.Token}
}
