package platform

import (
	"net/url"
	"strconv"
	"time"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/web/console/visit"
)

// RedriveAll redrives all dead letters of a service, or those of a key, and leads to the page
// that shows how far that is.
func RedriveAll(v *visit.Visit) error {
	body := contract.RedriveDeadLetters{Group: v.R.PostFormValue("group"), Reason: v.R.PostFormValue("reason")}
	if key := v.R.PostFormValue("key"); key != "" {
		body.Key = &key
	}
	if rate, err := strconv.Atoi(v.R.PostFormValue("rate")); err == nil {
		body.Rate = &rate
	}
	var made contract.Redrive
	if err := v.Admin.Post(v.Ctx(), "/v1/redrives", "", body, &made); err != nil {
		return err //nolint:wrapcheck // a problem
	}
	return v.SeeOther("/letters/redrives/" + url.PathEscape(made.Id) + "?" + url.Values{"group": {made.Group}}.Encode())
}

func readRedrive(v *visit.Visit) (d contract.Redrive, err error) {
	q := url.Values{"group": {v.R.URL.Query().Get("group")}}
	err = v.Admin.Get(v.Ctx(), "/v1/redrives/"+url.PathEscape(v.R.PathValue("id")), q, &d)
	return d, err //nolint:wrapcheck // a problem
}

// Redrive answers with the page of a redrive.
func Redrive(v *visit.Visit) error {
	d, err := readRedrive(v)
	if err != nil {
		return err
	}
	stream := visit.Below + "/letters/redrives/" + url.PathEscape(d.Id) + "/stream?" + url.Values{"group": {d.Group}}.Encode()
	return v.ShowLive("redrive", "Redrive", stream, d)
}

// RedriveStream keeps the page of a redrive up to date until it ends.
func RedriveStream(v *visit.Visit) error {
	return v.Follow(500*time.Millisecond, func() (string, bool, error) {
		d, err := readRedrive(v)
		if err != nil {
			return "", false, err
		}
		html, err := v.Part("redrive-live", d)
		return html, d.State != "running", err
	})
}
