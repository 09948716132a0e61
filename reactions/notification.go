package reactions

import (
	"cmp"

	"github.com/amends/amends/event"
	"github.com/amends/amends/services/notification"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/services/order/erased"
	"github.com/amends/amends/services/user"
)

// NotificationFacts are those that the notification service follows. Of an order they are
// only its ends, and its refunds once they are made: nothing that may still be undone is told
// to customers.
var NotificationFacts = []event.Declaration{
	order.ConfirmedFact.Declaration, order.CancelledFact.Declaration, order.RefundedFact.Declaration,
	user.MailWantedFact.Declaration, user.PasswordChangedFact.Declaration, user.SessionOpenedFact.Declaration,
	user.ErasedFact.Declaration, erased.Fact.Declaration,
}

// Told is what an event means to the notification service.
type Told struct {
	// Notice is what a person is to be told; nil: nothing.
	Notice *notification.Notice
	// Erased is whose personal data is gone; zero: no one's.
	Erased Erased
}

// mails has the kind of message for each mail that the user service wants.
var mails = map[user.Template]notification.Kind{
	user.ConfirmRegistration: notification.ConfirmRegistration, user.AlreadyRegistered: notification.AlreadyRegistered,
	user.ConfirmAddress: notification.ConfirmAddress, user.AddressChanged: notification.AddressChanged,
	user.ResetPassword: notification.ResetPassword,
}

// Notify returns what e means to the notification service. Its error is a fault of kind bug.
func Notify(e event.Event) (Told, error) {
	switch e.Type {
	case order.ConfirmedFact.Type():
		return notify(order.ConfirmedFact, e, orderNotice(notification.OrderConfirmed))
	case order.CancelledFact.Type():
		return notify(order.CancelledFact, e, orderNotice(notification.OrderCancelled))
	case order.RefundedFact.Type():
		return notify(order.RefundedFact, e, refundNotice)
	case user.MailWantedFact.Type():
		return notify(user.MailWantedFact, e, func(d user.MailData) *notification.Notice {
			kind, known := mails[d.Template]
			if !known {
				return nil // a later release sends it
			}
			return &notification.Notice{Kind: kind, Subject: d.Mail, Recipient: d.Account}
		})
	case user.PasswordChangedFact.Type():
		return notify(user.PasswordChangedFact, e, func(d user.PasswordData) *notification.Notice {
			return &notification.Notice{
				Kind: notification.PasswordChanged, Subject: d.Account, Occurrence: d.Record, Recipient: d.Account,
				Facts: notification.Facts{Reset: d.Reset},
			}
		})
	case user.SessionOpenedFact.Type():
		return notify(user.SessionOpenedFact, e, func(d user.SessionData) *notification.Notice {
			return &notification.Notice{Kind: notification.SessionOpened, Subject: d.Account, Occurrence: d.Session, Recipient: d.Account}
		})
	}
	gone, err := Support(e)
	return Told{Erased: gone}, err
}

// notify reads an event and returns the notice of its data.
func notify[Data any](f event.Fact[Data], e event.Event, of func(Data) *notification.Notice) (told Told, err error) {
	data, err := f.Read(e)
	if err != nil {
		return told, err //nolint:wrapcheck // a fault
	}
	if told.Notice = of(data); told.Notice != nil {
		told.Notice.At = e.Time
	}
	return told, nil
}

// orderNotice tells of the end of an order, which it has once. The lines of one that was never
// quoted may name anything: who places it could write to others by them.
func orderNotice(kind notification.Kind) func(order.Snapshot) *notification.Notice {
	return func(o order.Snapshot) *notification.Notice {
		n := &notification.Notice{
			Kind: kind, Subject: o.ID, Recipient: recipient(o),
			Facts: notification.Facts{Reason: string(o.Reason)},
		}
		if o.Total == nil {
			return n
		}
		n.Facts.Total = *o.Total
		for _, l := range o.Lines {
			n.Facts.Lines = append(n.Facts.Lines, notification.Line{SKU: l.SKU, Quantity: l.Quantity})
		}
		return n
	}
}

// refundNotice tells of one refund of an order.
func refundNotice(o order.Snapshot) *notification.Notice {
	if o.Refund == nil {
		return nil // of a program that tells otherwise: there is nothing to name
	}
	return &notification.Notice{
		Kind: notification.OrderRefunded, Subject: o.ID, Occurrence: o.Refund.ID, Recipient: recipient(o),
		Facts: notification.Facts{Total: o.Refund.Amount},
	}
}

// recipient returns the account of an order, or that it has none.
func recipient(o order.Snapshot) string {
	return cmp.Or(order.AccountOf(o.ID, o.CustomerID), notification.Guest)
}
