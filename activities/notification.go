package activities

import (
	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga/audit"
	"github.com/amends/amends/services/notification"
	notificationaudit "github.com/amends/amends/services/notification/audit"
	"github.com/amends/amends/services/notification/channel"
)

// The doctor's questions to the notification service.
var (
	AuditMails   = Audit[audit.Range, notificationaudit.Page]{"notification.audit", "notification"}
	AuditWaiting = Audit[audit.Whole, []string]{"notification.audit_waiting", "notification"}
)

// NotificationQuestions are the names of all of them.
var NotificationQuestions = []string{
	AuditMails.Name, AuditWaiting.Name, AuditEvents(AuditMails.Service).Name, AuditChanged(AuditMails.Service).Name,
}

// NotificationWords explains the codes of the notification service, which has no steps.
var NotificationWords = Words{Codes: map[fault.Code]string{
	notification.TooLate:    "the message would have come too late",
	notification.NoAddress:  "the recipient has no address for the channel, or is gone",
	notification.Suppressed: "the address was refused a few days ago",
	notification.NotWanted:  "the recipient has turned the channel off",
	notification.Erased:     "the account or the order is erased",
	channel.Refused:         "the server refuses the message",
	channel.AddressRefused:  "the server does not know the address",
	channel.Unavailable:     "the server has not taken the message",
	channel.NoAnswer:        "the server gave no answer, so the message may be sent",
}}
