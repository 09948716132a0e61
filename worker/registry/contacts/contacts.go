// Package contacts tells the notification service where people are reached, from what the
// services that know it answer.
package contacts

import (
	"context"

	"github.com/amends/amends/services/notification"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/services/user"
)

// Of asks the user service, and of guests the order service, where people are reached. It
// implements [notification.Contacts].
type Of struct {
	Users interface {
		Account(ctx context.Context, id string) (user.Account, error)
		Mail(ctx context.Context, id string) (user.Mail, error)
	}
	Orders interface {
		Contact(ctx context.Context, id string) (order.Contact, error)
	}
}

// Account implements [notification.Contacts].
func (c Of) Account(ctx context.Context, id string) (notification.Contact, error) {
	a, err := c.Users.Account(ctx, id)
	to := contact(a.Name, a.Locale, a.Email)
	to.Addresses[notification.Push] = a.ID
	for _, p := range a.Preferences {
		if p.Category == user.AboutOrders && p.Channel == user.Push {
			to.Wants[notification.Push] = p.Wanted
		}
	}
	return to, err //nolint:wrapcheck // a fault
}

// Order implements [notification.Contacts]. A guest with a telephone number alone gets text
// messages.
func (c Of) Order(ctx context.Context, id string) (notification.Contact, error) {
	o, err := c.Orders.Contact(ctx, id)
	to := contact("", o.Locale, o.Email)
	to.Addresses[notification.SMS] = o.Phone
	to.Wants[notification.SMS] = o.Email == ""
	return to, err //nolint:wrapcheck // a fault
}

// Mail implements [notification.Contacts].
func (c Of) Mail(ctx context.Context, id string) (notification.Contact, error) {
	m, err := c.Users.Mail(ctx, id)
	to := contact(m.Name, m.Locale, m.To)
	to.Token, to.ExpiresAt = m.Token, m.ExpiresAt
	return to, err //nolint:wrapcheck // a fault
}

// contact is reached by mail alone.
func contact(name, locale, email string) notification.Contact {
	return notification.Contact{
		Name: name, Locale: locale, Addresses: map[notification.Channel]string{notification.Email: email}, Wants: map[notification.Channel]bool{},
	}
}
