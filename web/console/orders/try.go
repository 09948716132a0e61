package orders

import (
	"net/http"
	"net/url"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/web/console/ask"
	"github.com/amends/amends/web/console/trial"
	"github.com/amends/amends/web/console/visit"
	"github.com/amends/amends/web/console/words"
)

// tried is the outcome of a dry run, and the form that asked for it, which stays filled in.
type tried struct {
	Would   []string // the effect, in words
	Refused string   // why the API would refuse the request; empty: it would not
	Form    url.Values
}

// of reports whether the dry run was of an action.
func (t *tried) of(a contract.AllowedAction) bool {
	return t != nil && t.Form.Get("action") == string(a.Action) && t.Form.Get("step") == words.Deref(a.Step) && t.Form.Get("refund") == words.Deref(a.Refund)
}

// showTrial answers with the page of the order that tells the outcome of a dry run: it has
// changed nothing, so the page may be loaded again.
func showTrial(v *visit.Visit, would *contract.DryRun, refused error) error {
	t := tried{Form: v.R.PostForm} //nolint:forbidigo // a field of the request, not the function of the client
	switch status := ask.StatusOf(refused); {
	case refused == nil:
		t.Would = trial.Effects(words.Deref(would))
	case status == http.StatusConflict, status == http.StatusUnprocessableEntity:
		t.Refused = visit.Wrong(refused)
	default:
		return refused
	}
	d, err := readOrder(v)
	if err != nil {
		return err
	}
	d.Trial = &t
	return show(v, d)
}

// Return leads from the address of a form, which a browser may keep, to the page that has it.
func Return(v *visit.Visit) error {
	return v.SeeOther("/orders/" + url.PathEscape(v.R.PathValue("id")))
}
