package platform

import (
	"crypto/rand"
	"net/url"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/web/console/visit"
	"github.com/amends/amends/web/console/words"
)

// casesData fills in the list of cases.
type casesData struct {
	Query url.Values
	Cases []contract.SupportCase
	Next  string
	Wrong string
}

// Cases answers with the list of cases.
func Cases(v *visit.Visit) error {
	q := url.Values{}
	for _, name := range []string{"state", "assignee", "cursor"} {
		if value := v.R.URL.Query().Get(name); value != "" {
			q.Set(name, value)
		}
	}
	d := casesData{Query: q}
	var page contract.SupportCases
	if err := v.Admin.Get(v.Ctx(), "/v1/cases", q, &page); err != nil {
		d.Wrong = visit.Wrong(err)
	}
	d.Cases, d.Next = page.Cases, words.Deref(page.NextCursor)
	return v.Show("cases", "Cases", d)
}

// caseData fills in the page of one case.
type caseData struct {
	contract.SupportCase

	Token, Key, Name string
}

// Case answers with the page of one case.
func Case(v *visit.Visit) error {
	d := caseData{Token: v.Token(), Key: rand.Text(), Name: v.Who.Name}
	if err := v.Admin.Get(v.Ctx(), "/v1/cases/"+url.PathEscape(v.R.PathValue("id")), nil, &d.SupportCase); err != nil {
		return err //nolint:wrapcheck // a problem
	}
	return v.Show("case", "Case: "+d.Subject, d)
}

// ChangeCase answers, assigns or closes a case.
func ChangeCase(v *visit.Visit) error {
	path := "/cases/" + url.PathEscape(v.R.PathValue("id"))
	var operation string
	var body any
	switch v.R.PostFormValue("do") {
	case "assign":
		operation, body = "/assign", contract.SupportAssignment{Assignee: v.R.PostFormValue("assignee")}
	case "close":
		operation, body = "/close", struct{}{}
	default:
		operation, body = "/answers", contract.SupportAnswer{Text: v.R.PostFormValue("text")}
	}
	if err := v.Admin.Post(v.Ctx(), "/v1"+path+operation, v.R.PostFormValue("key"), body, nil); err != nil {
		return err //nolint:wrapcheck // a problem
	}
	return v.SeeOther(path)
}
