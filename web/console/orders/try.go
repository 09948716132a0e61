package orders

import (
	"cmp"
	"net/http"
	"net/url"
	"strings"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/web/console/ask"
	"github.com/amends/amends/web/console/visit"
	"github.com/amends/amends/web/console/words"
)

// trial is the outcome of a dry run, and the form that asked for it, which stays filled in.
type trial struct {
	Would   []string // the effect, in words
	Refused string   // why the API would refuse the request; empty: it would not
	Form    url.Values
}

// of reports whether the trial was of an action.
func (t *trial) of(a contract.AllowedAction) bool {
	return t != nil && t.Form.Get("action") == string(a.Action) && t.Form.Get("step") == words.Deref(a.Step) && t.Form.Get("refund") == words.Deref(a.Refund)
}

// wanted reports whether the form of a visit asks for a dry run.
func wanted(v *visit.Visit) bool { return v.R.PostFormValue("dry_run") != "" }

// showTrial answers with the page of the order that tells the outcome of a dry run: it has
// changed nothing, so the page may be loaded again.
func showTrial(v *visit.Visit, would *contract.DryRun, refused error) error {
	t := trial{Form: v.R.PostForm} //nolint:forbidigo // a field of the request, not the function of the client
	switch status := ask.StatusOf(refused); {
	case refused == nil:
		t.Would = effects(words.Deref(would))
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

// effects tells what a request would do, in words.
func effects(d contract.DryRun) (all []string) {
	if d.Tells != nil {
		all = append(all, "tells "+*d.Tells+" again")
	}
	if d.Waives != nil {
		all = append(all, "leaves "+cmp.Or(*d.Waives, "the effect, if there is one,")+" as it is, with a waiver")
	}
	for _, f := range words.Deref(d.Clears) {
		all = append(all, "takes down the flag of "+f.Step+" ("+f.Code+")")
	}
	for i, a := range d.Asks {
		verb := "then, as far as it is left to do, "
		if i == 0 {
			verb = ""
		}
		all = append(all, verb+asked(a))
	}
	if d.Leaves != nil {
		all = append(all, words.Amount(d.Leaves)+" could be paid back after that")
	}
	return all
}

// asked tells of one step that would be asked, and for how much.
func asked(a contract.AskedStep) string {
	said := []string{map[contract.AskedStepCall]string{
		contract.CallTake: "asks " + a.Step, contract.CallUndo: "asks for the undo of " + a.Step,
		contract.CallSettle: "asks whether " + a.Step + " has happened, and blocks it if not",
	}[a.Call]}
	if a.Amount != nil {
		said = append(said, words.Amount(a.Amount))
	}
	if a.Units != nil {
		said = append(said, words.Plural(a.Units, "unit", "units"))
	}
	if a.Parcels != nil {
		said = append(said, words.Plural(a.Parcels, "parcel", "parcels"))
	}
	return strings.Join(said, ", ")
}
