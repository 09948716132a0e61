package workflows

import (
	"github.com/amends/amends/fault"
	"github.com/amends/amends/reactions/reason"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/services/order"
)

// reasonOf returns the customer's reason for d. A cancel is a request, whatever code its
// caller gave: an operator may use the engine's tools. Another code without a reason is
// a bug, or an earlier run's decision that left no reason behind: INTERNAL. (The order's
// record keeps the reason that was written first.)
func reasonOf(d saga.Decision) order.Reason {
	wish := d.Kind == fault.Business && d.Step == "" // of a cancel, or of the deadline
	switch {
	case wish && d.Code != saga.Deadline, d.Code == saga.CustomerRequest:
		return order.CustomerRequest
	case d.Code == saga.Deadline:
		return order.Deadline
	}
	return reason.Of(d.Code)
}
