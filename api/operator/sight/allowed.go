package sight

import (
	"github.com/amends/amends/api/contract"
	apiorders "github.com/amends/amends/api/orders"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/orders/outlook"
	"github.com/amends/amends/internal/orders/read"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/workflows"
)

// allowed returns the actions that the state of an order allows, each with its effect. The
// state may change before one is requested; so its own operation judges it again.
func allowed(s read.Snapshot) []contract.AllowedAction {
	all := []contract.AllowedAction{}
	for _, a := range s.Attention {
		all = append(all, onFlag(s, a)...)
	}
	switch {
	case s.Decided() && s.NeedsAttention:
		all = append(all, contract.AllowedAction{
			Action: contract.AllowAcknowledge,
			Effect: "All present flags leave the list of orders that need attention. Nothing is retried or undone; operator, time and reason are kept.",
		})
	case !s.Decided() && s.Style == order.Choreographed:
		all = append(all, contract.AllowedAction{
			Action: contract.AllowNudge,
			Effect: "The newest fact of the order is told again now. Its services go on from there; what they have done already is not done again.",
		})
	}
	all = append(all, restarts(s)...)
	if most := refundable(s); most != nil {
		all = append(all, contract.AllowedAction{
			Action: contract.AllowRefund, Most: most,
			Effect: "A part of the captured money, or all of it, is paid back to the card of the order. A refund is final.",
		})
	}
	for i := range all {
		all[i].DryRun = new(true) // each can be tried
	}
	return all
}

// restarts returns the actions on the whole saga of an order that makes no progress. A saga
// that goes well could be rerun, too, but there is no reason to offer that.
func restarts(s read.Snapshot) (all []contract.AllowedAction) {
	if !s.NeedsAttention {
		return nil
	}
	free := s.Style == order.Choreographed
	if !s.Decided() && (free || s.Stopped()) {
		all = append(all, contract.AllowedAction{
			Action: contract.AllowResume,
			Effect: "A new run of the saga settles the payment first. A paid order then goes forward through all its steps; of any other order all effects are undone. What has happened already is found and not done twice.",
		})
	}
	if !free {
		all = append(all, contract.AllowedAction{
			Action: contract.AllowRerun,
			Effect: "The saga is reset to its beginning, and every step is asked again under its key. What has happened already is found and not done twice; a cancel by the customer is kept.",
		})
	}
	return all
}

// onFlag returns the actions on one flagged step. A saga that was stopped has no step to
// repair.
func onFlag(s read.Snapshot, a saga.Attention) []contract.AllowedAction {
	if s.Stopped() || s.Decided() && a.Saga == "" || a.Lasting {
		return nil
	}
	all := []contract.AllowedAction{{
		Action: contract.AllowRetry, Step: new(a.Step), Refund: apiorders.Optional(a.Saga),
		Effect: "The next attempt of " + a.Step + " is made now instead of at its due time. An effect that has happened already is found and not made twice.",
	}}
	reference := fault.CodeOf(workflows.CheckSkip(a.Step, "")) == saga.ReferenceMissing
	if a.Saga == "" && outlook.Undoes(s) && workflows.CheckSkip(a.Step, "any") == nil {
		all = append(all, contract.AllowedAction{
			Action: contract.AllowSkip, Step: new(a.Step), NeedsReference: new(reference),
			Effect: "The undo of " + a.Step + " is given up: " + owed(a) + ", and a waiver says so. The other steps are undone, and the order ends.",
		})
	}
	return all
}

func owed(a saga.Attention) string {
	if a.Owed == "" {
		return "its effect, if there is one, stays"
	}
	return a.Owed + " stays as it is"
}

// refundable returns the money of an order that can be paid back here, nil for none. That of an
// imported order was captured elsewhere.
func refundable(s read.Snapshot) *contract.Money {
	if s.Status != workflows.StatusConfirmed || s.Total == nil || s.Origin != "" {
		return nil
	}
	left := s.Total.Minor
	if s.Refunded != nil {
		left -= s.Refunded.Minor
	}
	if left <= 0 {
		return nil
	}
	return &contract.Money{Amount: left, Currency: string(s.Total.Currency)}
}
