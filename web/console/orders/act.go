package orders

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/web/console/ask"
	"github.com/amends/amends/web/console/trial"
	"github.com/amends/amends/web/console/visit"
	"github.com/amends/amends/web/console/words"
)

// Act sends the repair of an order that a form asks for. Its effect is shown on the page of
// the order, where the request stands until it is settled. A dry run is answered with that page.
func Act(v *visit.Visit) error {
	id := v.R.PathValue("id")
	body := contract.RepairOrder{
		Action: contract.RepairOrderAction(v.R.PostFormValue("action")), Step: given(v.R, "step"), Refund: given(v.R, "refund"),
		Reason: given(v.R, "reason"), Reference: given(v.R, "reference"),
	}
	if trial.Wanted(v) {
		body.DryRun = new(true)
	}
	var o contract.OperatorsOrder
	err := v.Admin.Post(v.Ctx(), "/v1/orders/"+url.PathEscape(id)+"/repair", v.R.PostFormValue("key"), body, &o)
	switch {
	case trial.Wanted(v):
		return showTrial(v, o.DryRun, err)
	case err != nil:
		return err //nolint:wrapcheck // a problem
	}
	return v.SeeOther("/orders/" + url.PathEscape(id) + "#asked")
}

// given returns a field of a form, nil if it is empty.
func given(r *http.Request, name string) *string {
	if value := strings.TrimSpace(r.PostFormValue(name)); value != "" {
		return &value
	}
	return nil
}

// Refund pays back the amount of a form, which is in the currency's larger unit.
func Refund(v *visit.Visit) error {
	id := v.R.PathValue("id")
	minor, ok := cents(v.R.PostFormValue("amount"))
	if !ok {
		return &ask.Problem{Problem: contract.Problem{Status: http.StatusUnprocessableEntity, Code: "VALIDATION_FAILED", Title: "The amount is not one", Detail: new("Write it like 12.50.")}}
	}
	var body contract.RefundOrder
	body.Amount.Amount, body.Amount.Currency = minor, v.R.PostFormValue("currency")
	body.Reason, body.Reference = v.R.PostFormValue("reason"), given(v.R, "reference")
	body.TakeBackStock = new(v.R.PostFormValue("take_back") != "")
	if trial.Wanted(v) {
		body.DryRun = new(true)
	}
	var made contract.Refund
	key := v.R.PostFormValue("key")
	switch err := v.Admin.Post(v.Ctx(), "/v1/orders/"+url.PathEscape(id)+"/refunds", key, body, &made); {
	case trial.Wanted(v):
		return showTrial(v, made.DryRun, err)
	case err != nil:
		return unpaid(v, id, key, err)
	}
	return v.SeeOther("/orders/" + url.PathEscape(id) + "?" + url.Values{paid: {key}}.Encode() + "#asked")
}

// paid is the parameter that a page of an order gets with the key of a refund: by asking for
// it, the browser shows that it has got the answer.
const paid = "paid"

// unpaid returns the problem of a refund. One that has used up the key tells that there is
// nothing more to learn from its repeat.
func unpaid(v *visit.Visit, id, key string, err error) error {
	switch ask.CodeOf(err) {
	case "REFUND_EXCEEDS_CAPTURE":
		v.Intents.Seen(v.Who.Name, id, key)
	case "IDEMPOTENCY_KEY_REUSED":
		v.Intents.Seen(v.Who.Name, id, key)
		return visit.Refuse("IDEMPOTENCY_KEY_REUSED", "Another refund was asked for before",
			"You have asked for a refund of this order in other words or of another amount, and its answer did not reach you. Look at the money of the order first; if this one is still due, ask for it again.")
	}
	return err
}

// cents returns an amount such as 12.50 or 12,5 in hundredths, and false for any other text.
func cents(text string) (int64, bool) {
	whole, part, _ := strings.Cut(strings.ReplaceAll(strings.TrimSpace(text), ",", "."), ".")
	if len(part) > 2 {
		return 0, false
	}
	minor, err := strconv.ParseInt(whole+(part + "00")[:2], 10, 64)
	return minor, err == nil && minor > 0 && whole != ""
}

// effect is a request of an operator, and how far it has come.
type effect struct {
	contract.Repair

	Attempted, Settled bool
}

// Effects returns the requests about an order with their effect, the newest first. A request
// is attempted once its step was called again, and settled once the step is flagged no more.
func (d orderData) Effects() []effect {
	var all []effect
	for _, repair := range slices.Backward(d.Repairs) {
		e := effect{Repair: repair}
		flagged := false
		for _, a := range d.Attention {
			flagged = flagged || a.Step == e.Step && words.Deref(a.Saga) == words.Deref(e.Saga)
		}
		e.Settled = !flagged && d.rests(e.Step)
		e.Attempted = e.Settled || d.calledSince(e)
		all = append(all, e)
	}
	return all
}

// rests reports whether a step has come to an end, and for "" whether the order has.
func (d orderData) rests(step string) bool {
	for _, s := range d.Steps {
		if s.Name == step {
			return s.State != "running" && s.State != "undoing" && s.State != "flagged"
		}
	}
	return step != "" || d.Status != "PENDING"
}

// calledSince reports whether the step of a request makes an attempt that began after it. For a
// request about the whole order that is any step.
func (d orderData) calledSince(e effect) bool {
	later := func(at *time.Time) bool { return at != nil && at.After(e.At) }
	return slices.ContainsFunc(d.Steps, func(s contract.Step) bool {
		if e.Step == "" {
			return later(s.StartedAt) || later(s.EndedAt)
		}
		return s.Name == e.Step && (s.Attempts > 1 || later(s.EndedAt))
	})
}

// Deeds are the actions that the person may ask for: those of the order, without those that
// only an operator may.
func (d orderData) Deeds() []deed {
	var all []deed
	if d.Actions == nil {
		return nil
	}
	for i, a := range *d.Actions {
		if d.Role == contract.RoleOperator || a.Action == contract.AllowRefund {
			all = append(all, deed{AllowedAction: a, Open: i == 0 && d.NeedsAttention && d.Trial == nil, Order: d.Id, CSRF: d.Token, Key: d.keyOf(a), Trial: d.trialOf(a)})
		}
	}
	return all
}

// deed is an action with the form that asks for it.
type deed struct {
	contract.AllowedAction

	Open      bool
	Order     string
	CSRF, Key string
	Trial     *tried // nil: it was not tried
}

// trialOf returns the trial of an action, nil if another one was tried, or none.
func (d orderData) trialOf(a contract.AllowedAction) *tried {
	if d.Trial.of(a) {
		return d.Trial
	}
	return nil
}

// Given returns the text of the person in a field of the form that was tried.
func (d deed) Given(field string) string {
	if d.Trial == nil {
		return ""
	}
	return d.Trial.Form.Get(field)
}

// keyOf returns an idempotency key for an action: that of the page, another for each action. A
// refund's outlives the page; see [visit.Intents].
func (d orderData) keyOf(a contract.AllowedAction) string {
	if a.Action == contract.AllowRefund {
		return d.RefundKey
	}
	return d.Key + "-" + string(a.Action) + "-" + words.Deref(a.Step)
}

// Verb returns the words of the button.
func (d deed) Verb() string {
	switch d.Action {
	case contract.AllowRetry:
		return "Retry " + words.Deref(d.Step)
	case contract.AllowSkip:
		return "Give up the undo of " + words.Deref(d.Step)
	case contract.AllowAcknowledge:
		return "Acknowledge the flags"
	case contract.AllowNudge:
		return "Nudge the services"
	case contract.AllowResume:
		return "Resume the saga"
	case contract.AllowRerun:
		return "Rerun the saga"
	case contract.AllowRefund:
		return "Pay money back"
	default:
		return string(d.Action)
	}
}
