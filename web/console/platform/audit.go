package platform

import (
	"net/http"
	"net/url"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/web/console/ask"
	"github.com/amends/amends/web/console/visit"
	"github.com/amends/amends/web/console/words"
)

// auditData fills in the list of requests.
type auditData struct {
	Query url.Values
	Acts  []contract.Act
	Next  string
	Wrong string
}

// Audit answers with the list of requests.
func Audit(v *visit.Visit) error {
	d := auditData{Query: url.Values{}}
	asked := url.Values{"limit": {"50"}}
	if cursor := v.R.URL.Query().Get("cursor"); cursor != "" {
		d.Query.Set("cursor", cursor)
		asked.Set("cursor", cursor)
	}
	var page contract.Audit
	if err := v.Admin.Get(v.Ctx(), "/v1/audit", asked, &page); err != nil {
		if ask.StatusOf(err) == http.StatusUnauthorized {
			return err //nolint:wrapcheck // a problem
		}
		d.Wrong = visit.Wrong(err)
	}
	d.Acts, d.Next = page.Acts, words.Deref(page.NextCursor)
	return v.Show("audit", "Audit", d)
}
