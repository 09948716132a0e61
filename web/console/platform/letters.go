package platform

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/web/console/ask"
	"github.com/amends/amends/web/console/visit"
	"github.com/amends/amends/web/console/words"
)

// lettersData fills in the list of dead letters.
type lettersData struct {
	Group, Key string
	Groups     []string // of the letters of the page
	Letters    []letter
	Next       string
	Wrong      string
	None       bool // this process runs no services
	Acts       bool
	Token      string
	Done       string // the decision of a moment ago
}

// letter is a dead letter with its data as text.
type letter struct {
	contract.DeadLetter

	Text string
}

// Letters answers with the list of dead letters.
func Letters(v *visit.Visit) error {
	q := v.R.URL.Query()
	d := lettersData{Group: q.Get("group"), Key: q.Get("key"), Acts: v.Who.Acts(), Token: v.Token(), Done: q.Get("done")}
	asked := url.Values{"limit": {"50"}}
	for _, name := range []string{"group", "key", "cursor"} {
		if q.Get(name) != "" {
			asked.Set(name, q.Get(name))
		}
	}
	var page contract.DeadLetters
	switch err := v.Admin.Get(v.Ctx(), "/v1/dead-letters", asked, &page); {
	case ask.StatusOf(err) == http.StatusUnauthorized:
		return err //nolint:wrapcheck // a problem
	case ask.CodeOf(err) == ask.Missing || ask.CodeOf(err) == "NOT_FOUND" && d.Group == "":
		d.None = true
	case err != nil:
		d.Wrong = visit.Wrong(err)
	}
	for _, l := range page.DeadLetters {
		text, err := json.MarshalIndent(l.Data, "", "  ")
		if err != nil {
			return err //nolint:wrapcheck // it was JSON
		}
		d.Letters = append(d.Letters, letter{l, string(text)})
		if !slices.Contains(d.Groups, l.Group) {
			d.Groups = append(d.Groups, l.Group)
		}
	}
	d.Next = words.Deref(page.NextCursor)
	return v.Show("letters", "Dead letters", d)
}

// DecideLetters redrives or gives up the letters that a form selects, each by its own
// request, and says how many were decided.
func DecideLetters(v *visit.Visit) error {
	if err := v.R.ParseForm(); err != nil {
		return err //nolint:wrapcheck // shown as such
	}
	letters := v.R.PostForm["letter"] //nolint:forbidigo // a field of the request, not the function of the client
	if len(letters) == 0 {
		return visit.Refuse("VALIDATION_FAILED", "No letter is selected", "Go back, and select some.")
	}
	action, reason := "redrive", v.R.PostFormValue("reason")
	if v.R.PostFormValue("do") == "discard" {
		action = "discard"
	}
	made := 0
	for _, one := range letters {
		group, id, _ := strings.Cut(one, "/")
		err := v.Admin.Post(v.Ctx(), "/v1/dead-letters/"+url.PathEscape(id)+"/"+action, "", map[string]string{"group": group, "reason": reason}, nil)
		if err != nil && ask.CodeOf(err) != "NOT_FOUND" { // another person was faster
			return err //nolint:wrapcheck // a problem
		}
		if err == nil {
			made++
		}
	}
	return v.SeeOther("/letters?" + url.Values{"done": {action + ": " + words.Plural(made, "letter", "letters")}}.Encode())
}
