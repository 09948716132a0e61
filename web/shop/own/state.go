package own

import (
	"slices"

	"github.com/amends/amends/api/client"
	"github.com/amends/amends/web/look"
	"github.com/amends/amends/web/shop/visit"
	"github.com/amends/amends/web/shop/words"
)

// Statuses of orders.
const (
	pending   = "PENDING"
	confirmed = "CONFIRMED"
	cancelled = "CANCELLED"
)

// steps are those that a customer is told of, in the order in which they are taken.
var steps = []string{
	"order.create", "catalog.quote", "inventory.reserve", "payment.authorize", "shipping.book", "payment.capture", "order.confirm",
}

// captured is the step behind which an order is not cancelled any more.
const captured = "payment.capture"

// stage is a step in the words of a customer.
type stage struct {
	Kind       look.Kind
	Name, Word string
}

// state is the part of an order's page that is live.
type state struct {
	W     *words.Words
	Order client.Order
	Token string // of its form
	Late  bool   // a cancel came too late
}

func stateOf(v *visit.Visit, o client.Order) state {
	return state{v.Words, o, v.Token(), v.R.URL.Query().Get("late") != "" && o.Status != cancelled}
}

// Kind returns the meaning of the order's status.
func (s state) Kind() look.Kind {
	switch {
	case s.Order.NeedsAttention:
		return look.Warn
	case s.Order.Status == confirmed:
		return look.Good
	case s.Order.Status == cancelled:
		return look.Back
	case s.Order.Status == pending:
		return look.Busy
	default:
		return look.Idle
	}
}

// Undoing reports whether the order is pending, and its effects are being taken back.
func (s state) Undoing() bool {
	return s.Order.Status == pending && slices.ContainsFunc(s.Order.Steps, func(step client.Step) bool {
		return step.State == "undoing" || step.State == "undone" || step.State == "waived"
	})
}

// Cancellable reports whether a cancel may still come in time; the API decides.
func (s state) Cancellable() bool {
	return s.Order.Status == pending && !s.Undoing() && s.find(captured).State == "waiting"
}

// Invoiced reports whether the order has an invoice.
func (s state) Invoiced() bool {
	return s.Order.Status == confirmed && s.Order.Total != nil && s.Order.Total.Amount > 0
}

// Reason returns why the order was cancelled, "" if that is not known.
func (s state) Reason() string {
	if s.Order.Reason == nil {
		return ""
	}
	return s.W.Of("reason", *s.Order.Reason)
}

func (s state) find(name string) client.Step {
	for _, step := range s.Order.Steps {
		if step.Name == name {
			return step
		}
	}
	return client.Step{Name: name, State: "waiting"}
}

// kinds are the meanings of the states of steps.
var kinds = map[string]look.Kind{
	"running": look.Busy, "done": look.Good, "refused": look.Bad, "undoing": look.Back, "undone": look.Back, "waived": look.Back, "flagged": look.Warn,
}

// Stages returns the steps of the order, none if they are not known.
func (s state) Stages() (all []stage) {
	if len(s.Order.Steps) == 0 {
		return nil
	}
	for _, name := range steps {
		step := s.find(name)
		kind, ok := kinds[step.State]
		if !ok {
			kind = look.Idle
		}
		word := step.State
		if word == "waiting" && s.Order.Status != pending {
			word = "never"
		}
		all = append(all, stage{kind, s.W.Of("step", name), s.W.Of("state", word)})
	}
	return all
}
