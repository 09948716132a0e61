// Package audit defines the messages about orders that the notification service reports to
// the doctor, and judges them.
package audit

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/amends/amends/saga/audit"
	"github.com/amends/amends/services/notification"
)

// The kinds of findings about messages.
const (
	MailMissing audit.Kind = "mail_missing" // the customer is not to be told of the order's end, or of a refund
	MailDoubled audit.Kind = "mail_doubled" // one fact was told twice
	MailWrong   audit.Kind = "mail_wrong"   // it tells an end or a refund that the order does not have, or is for another recipient
	MailWaiting audit.Kind = "mail_waiting" // messages wait for too long
)

// Kinds lists the kinds.
var Kinds = []audit.Kind{MailMissing, MailDoubled, MailWrong, MailWaiting}

// Page is a page of facts.
type Page = audit.Page[Fact]

// Fact are the messages about one order.
type Fact struct {
	Saga  string    `json:"saga"`
	Since time.Time `json:"since"` // of the first message
	Mails []Mail    `json:"mails"`
}

// Mail is a delivery without its address.
type Mail struct {
	ID         string               `json:"id"`
	Kind       notification.Kind    `json:"kind"`
	Occurrence string               `json:"occurrence,omitempty"`
	Channel    notification.Channel `json:"channel"`
	Recipient  string               `json:"recipient"`
	State      notification.State   `json:"state"`
}

// ID implements [audit.Fact].
func (f Fact) ID() string { return f.Saga }

// Trace implements [audit.Fact].
func (f Fact) Trace() (since time.Time, what []string) {
	for _, m := range f.Mails {
		what = append(what, fmt.Sprintf("a message %s that is %s", m.Kind, m.State))
	}
	return f.Since, what
}

// ends has the status that each kind of message tells the customer.
var ends = map[notification.Kind]audit.Status{
	notification.OrderConfirmed: audit.Confirmed, notification.OrderCancelled: audit.Cancelled,
}

// Judge implements [audit.Fact]. Whether the order needs a message is for the caller to
// say, who knows the events before the service began to follow.
func (f Fact) Judge(o audit.Order) (all audit.Findings) {
	told := map[string]string{} // message and channel -> id
	for _, m := range f.Mails {
		n := notification.Notice{Kind: m.Kind, Subject: f.Saga, Occurrence: m.Occurrence, Recipient: m.Recipient}
		if end, ends := ends[m.Kind]; ends && end != o.Status {
			all.Add(audit.ToldOnce, MailWrong, false, "it is %s, and there is a message %s that is %s", o.Status, m.Kind, m.State)
		} else if m.Kind == notification.OrderRefunded && !slices.Contains(o.Refunds, m.Occurrence) {
			all.Add(audit.ToldOnce, MailWrong, false, "its message %s is of the refund %s, which was not made", m.Kind, m.Occurrence)
		} else if m.Recipient != recipient(o) {
			all.Add(audit.ToldOnce, MailWrong, false, "its message %s is for %s, it belongs to %s", m.Kind, m.Recipient, recipient(o))
		}
		if n.Key(m.Channel) != m.ID {
			all.Add(audit.ToldOnce, MailDoubled, false, "its message %s by %s has the id %s, and not that of its fact: it may be sent under both", m.Kind, m.Channel, m.ID)
		}
		what := strings.Join([]string{string(m.Kind), m.Occurrence, string(m.Channel)}, " ")
		switch first := told[what]; {
		case m.State != notification.Sent:
		case first != "":
			all.Add(audit.ToldOnce, MailDoubled, false, "its message %s by %s was sent twice, as %s and %s", m.Kind, m.Channel, first, m.ID)
		default:
			told[what] = m.ID
		}
	}
	return all
}

func recipient(o audit.Order) string {
	if o.Account == "" {
		return notification.Guest
	}
	return o.Account
}

// Tells reports whether there is a mail of the order's end, whatever became of it.
func (f Fact) Tells(s audit.Status) bool {
	return f.mailed(func(m Mail) bool { return ends[m.Kind] == s })
}

// TellsRefund reports the same of a refund of the order.
func (f Fact) TellsRefund(id string) bool {
	return f.mailed(func(m Mail) bool { return m.Kind == notification.OrderRefunded && m.Occurrence == id })
}

func (f Fact) mailed(about func(Mail) bool) bool {
	return slices.ContainsFunc(f.Mails, func(m Mail) bool { return about(m) && slices.Contains(notification.Always, m.Channel) })
}
