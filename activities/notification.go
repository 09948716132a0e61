package activities

import (
	"github.com/amends/amends/fault"
	"github.com/amends/amends/services/notification"
	"github.com/amends/amends/services/notification/channel"
)

// NotificationWords explains the codes of the notification service, which has no steps.
var NotificationWords = Words{Codes: map[fault.Code]string{
	notification.TooLate:    "the message would have come too late",
	notification.NoAddress:  "the recipient has no address for the channel, or is gone",
	notification.Suppressed: "the address was refused a few days ago",
	notification.NotWanted:  "the recipient has turned the channel off",
	notification.Erased:     "the account is erased",
	channel.Refused:         "the server refuses the message",
	channel.AddressRefused:  "the server does not know the address",
	channel.Unavailable:     "the server has not taken the message",
	channel.NoAnswer:        "the server gave no answer, so the message may be sent",
}}
