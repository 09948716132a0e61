package visit

import (
	"errors"
	"strings"

	"github.com/amends/amends/web/shop/ask"
	"github.com/amends/amends/web/shop/words"
)

// Wrong returns, by the names of fields, why the API refuses them. The prefixes of pointers
// into the API's body that lead to a field are left out, the first that fits.
func Wrong(w *words.Words, err error, prefixes ...string) map[string]string {
	all := map[string]string{}
	r, ok := errors.AsType[*ask.Refusal](err)
	if !ok || r.Errors == nil {
		return all
	}
	for _, e := range *r.Errors {
		name := e.Pointer
		for _, prefix := range prefixes {
			if rest, found := strings.CutPrefix(e.Pointer, prefix); found {
				name = rest
				break
			}
		}
		all[name] = w.Of("wrong", e.Code)
	}
	return all
}

// Field is one of a form.
type Field struct {
	Name, Label, Type string
	Complete          string // what a browser may fill in, as HTML names it
	Value, Wrong      string
	Hint              string
}

// Entry is a page that is one form.
type Entry struct {
	Title, Lead, Submit string
	Action              string
	Fields              []Field
	Hidden              map[string]string
	Refused             string
	Links               []Link
}

// Link leads to another page.
type Link struct{ Path, Text string }

// Filled returns e with the values of the form that was sent, but for passwords, and why it
// was refused.
func (e Entry) Filled(v *Visit, err error) Entry {
	why := Wrong(v.Words, err, "/")
	for i := range e.Fields {
		f := &e.Fields[i]
		if f.Type != "password" {
			f.Value = v.Form(f.Name)
		}
		f.Wrong = why[f.Name]
	}
	e.Refused = v.Words.Of("refused", ask.CodeOf(err))
	return e
}

// Again shows a form again if the API refused what is in it. Any other error is returned.
func (v *Visit) Again(e Entry, err error) error {
	switch status := ask.StatusOf(err); status {
	case 403, 409, 410, 422, 429, 503:
		if ask.CodeOf(err) == "CSRF_TOKEN_WRONG" {
			return err
		}
		return v.Show(status, "form", e.Title, e.Filled(v, err))
	default:
		return err
	}
}
