package registry

import (
	"context"
	"log/slog"

	"gorm.io/gorm"

	"github.com/amends/amends/event"
	"github.com/amends/amends/event/inbox"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/reactions"
	"github.com/amends/amends/services/notification"
	"github.com/amends/amends/services/notification/channel/simulator"
	"github.com/amends/amends/services/notification/channel/smtp"
	"github.com/amends/amends/services/notification/send"
	notificationstore "github.com/amends/amends/services/notification/store"
	orderrpc "github.com/amends/amends/services/order/rpc"
	userrpc "github.com/amends/amends/services/user/rpc"
	"github.com/amends/amends/worker/registry/contacts"
)

// hearNotices returns the group by which the notification service takes the facts of others.
func hearNotices(s *Stores, o inbox.Options) *inbox.Group {
	store := notificationstore.New(s.Own)
	return inbox.Project(inbox.Projection{
		Group: s.Row.Name, Facts: s.Row.Follows,
		Apply: func(tx *gorm.DB, events []event.Event) error {
			var notices []notification.Notice
			var gone notificationstore.Gone
			for _, e := range events {
				told, err := reactions.Notify(e)
				switch {
				case err != nil:
					return err //nolint:wrapcheck // a fault
				case told.Notice != nil:
					notices = append(notices, *told.Notice)
				case told.Erased.Account != "":
					gone.Accounts = append(gone.Accounts, told.Erased.Account)
				case told.Erased.Order != "":
					gone.Orders = append(gone.Orders, told.Erased.Order)
				}
			}
			if err := store.Want(tx, notices); err != nil {
				return err //nolint:wrapcheck // it names the operation
			}
			return store.Erase(tx, gone) //nolint:wrapcheck // the same
		},
	}, o)
}

// sendNotices returns what sends the messages of the notification service.
func sendNotices(s *Stores, log *slog.Logger) (Work, error) {
	users, asked := s.asked["user"]
	orders := s.asked["order"]
	if s.mail.URL == "" || !asked {
		return idle("mails wait: no smtp_url is configured, or the user service cannot be asked"), nil
	}
	mails, err := smtp.New(s.mail.URL, s.mail.From)
	if err != nil {
		return nil, err //nolint:wrapcheck // it names the setting
	}
	return send.New(send.Config{
		Queue: notificationstore.New(s.Own), Contacts: contacts.Of{Users: userrpc.NewClient(users), Orders: orderrpc.NewClient(orders)},
		Routes: map[notification.Channel][]send.Route{
			notification.Email: {{Name: "smtp", Channel: mails}},
			notification.SMS:   {s.provider(simulator.TextMessages), s.provider(simulator.TextReserve)},
			notification.Push:  {s.provider(simulator.PushMessages)},
		},
		Site: s.mail.Site, Now: database.Now, Logger: log,
	}), nil
}

// idle is the work of a service that cannot do any, and why.
type idle string

// Run implements [Work].
func (idle) Run(ctx context.Context) error { <-ctx.Done(); return nil }

// Warnings implements [Work].
func (i idle) Warnings() []string { return []string{string(i)} }

// provider returns a simulated provider of messages.
func (s *Stores) provider(name string) send.Route {
	return send.Route{Name: name, Channel: simulator.New(s.outside, name)}
}
