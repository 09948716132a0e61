package send

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"time"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/services/notification"
	"github.com/amends/amends/services/notification/channel"
	"github.com/amends/amends/services/notification/template"
)

// outcome makes an attempt. The zero outcome is that of one that has lost its claim; the
// error is the queue's.
func (s *Sender) outcome(ctx context.Context, d notification.Delivery) (Outcome, error) {
	past := func(end time.Time) bool { return !end.IsZero() && !end.After(s.c.Now()) }
	if past(d.ExpiresAt) {
		return dropped(notification.TooLate), nil
	}
	contact, err := s.contact(ctx, d)
	switch {
	case fault.CodeOf(err) == fault.NotFound:
		return dropped(notification.NoAddress), nil
	case err != nil:
		return s.later(d, fault.CodeOf(err)), nil
	case past(d.ExpiresAt), past(contact.ExpiresAt): // the answer may have taken its time
		return dropped(notification.TooLate), nil
	case !slices.Contains(notification.Always, d.Channel) && !contact.Wants[d.Channel]:
		return dropped(notification.NotWanted), nil
	}
	if err := s.also(ctx, d, contact); err != nil {
		return Outcome{}, err
	}
	// A repeat goes where the attempt before it went, if it may have arrived there.
	if d.Address == "" || d.Provider == "" {
		d.Address = contact.Addresses[d.Channel]
	}
	if d.Address == "" || len(s.c.Routes[d.Channel]) == 0 {
		return dropped(notification.NoAddress), nil
	}
	if suppressed, err := s.c.Queue.Suppressed(ctx, d.Channel, d.Address); err != nil {
		return Outcome{}, fmt.Errorf("look for a suppression: %w", err)
	} else if suppressed {
		return dropped(notification.Suppressed), nil
	}
	text, locale, err := s.texts.Render(d.Kind, d.Channel, contact.Locale, s.values(d, contact))
	if err != nil {
		s.c.Logger.ErrorContext(ctx, "a message cannot be written", "delivery", d.ID, "kind", d.Kind, "error", err)
		return s.later(d, fault.CodeOf(err)), nil
	}
	d.Locale = locale
	return s.route(ctx, d, channel.Message{Key: d.ID, To: d.Address, Subject: text.Subject, Text: text.Body, HTML: text.HTML})
}

// also writes the deliveries by the other channels that the recipient wants.
func (s *Sender) also(ctx context.Context, d notification.Delivery, c notification.Contact) error {
	rule, err := notification.RuleOf(d.Kind)
	if err != nil || !slices.Contains(notification.Always, d.Channel) {
		return err //nolint:wrapcheck // a fault
	}
	var wanted []notification.Channel
	for _, o := range rule.Optional {
		if c.Wants[o] && c.Addresses[o] != "" {
			wanted = append(wanted, o)
		}
	}
	if len(wanted) == 0 {
		return nil
	}
	if err := s.c.Queue.Also(ctx, d, wanted); err != nil {
		return fmt.Errorf("send by other channels: %w", err)
	}
	return nil
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
	return Outcome{State: notification.Wanted, Reason: reason, Provider: d.Provider, After: max(after, time.Millisecond)}
}

func (s *Sender) contact(ctx context.Context, d notification.Delivery) (notification.Contact, error) {
	rule, err := notification.RuleOf(d.Kind)
	switch {
	case err != nil:
		return notification.Contact{}, err
	case rule.Mail:
		return s.c.Contacts.Mail(ctx, d.Subject) //nolint:wrapcheck // a fault
	case d.Recipient == notification.Guest:
		return s.c.Contacts.Order(ctx, d.Subject) //nolint:wrapcheck // the same
	}
	return s.c.Contacts.Account(ctx, d.Recipient) //nolint:wrapcheck // the same
}

func (s *Sender) values(d notification.Delivery, c notification.Contact) template.Values {
	return template.Values{Facts: d.Facts, Subject: d.Subject, Name: c.Name, Token: c.Token, Invoice: s.invoice(d)}
}

// invoice returns the address of an order's invoice, "" if the recipient cannot open one: a
// guest's needs a claim, which no mail has, and an order that costs nothing has none.
func (s *Sender) invoice(d notification.Delivery) string {
	if s.c.Site == "" || d.Kind != notification.OrderConfirmed || d.Recipient == notification.Guest || d.Facts.Total.IsZero() {
		return ""
	}
	return s.c.Site + "/v1/orders/" + url.PathEscape(d.Subject) + "/invoice"
}
