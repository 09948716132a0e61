package platform

import (
	"net/url"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/web/console/visit"
	"github.com/amends/amends/web/console/words"
)

// doctorPage fills in the page of the doctor.
type doctorPage struct {
	State contract.DoctorState
	Run   *contract.DoctorReport // that a person has asked for just now
	Wrong string
	Acts  bool
	Token string

	Query    url.Values
	Runs     []contract.DoctorRun // a page of them
	Next     string
	Unlisted string // why there are none
}

// Doctor answers with the page of the doctor.
func Doctor(v *visit.Visit) error { return showDoctor(v, nil) }

func showDoctor(v *visit.Visit, run *contract.DoctorReport) error {
	d := doctorPage{Run: run, Acts: v.Who.Acts(), Token: v.Token(), Query: url.Values{}}
	if cursor := v.R.URL.Query().Get("cursor"); cursor != "" {
		d.Query.Set("cursor", cursor)
	}
	var page contract.DoctorRuns
	var unknown, unlisted error
	err := v.Admin.Together(
		func() { unknown = v.Admin.Get(v.Ctx(), "/v1/doctor", nil, &d.State) },
		func() { unlisted = v.Admin.Get(v.Ctx(), "/v1/doctor/runs", d.Query, &page) },
	)
	if err != nil {
		return err //nolint:wrapcheck // it names the failure
	}
	if unknown != nil {
		d.Wrong = visit.Wrong(unknown)
	}
	if unlisted != nil {
		d.Unlisted = visit.Wrong(unlisted)
	}
	d.Runs, d.Next = page.Runs, words.Deref(page.NextCursor)
	return v.Show("doctor", "Doctor", d)
}

// DoctorRun answers with the page of one run.
func DoctorRun(v *visit.Visit) error {
	var run contract.DoctorRun
	if err := v.Admin.Get(v.Ctx(), "/v1/doctor/runs/"+url.PathEscape(v.R.PathValue("id")), nil, &run); err != nil {
		return err //nolint:wrapcheck // a problem
	}
	return v.Show("doctor-run", "A run of the doctor", run)
}

// RunDoctor runs the doctor, and answers with its report.
func RunDoctor(v *visit.Visit) error {
	var report contract.DoctorReport
	body := contract.RunDoctor{DryRun: v.R.PostFormValue("repair") == ""}
	if err := v.Admin.Post(v.Ctx(), "/v1/doctor/runs", "", body, &report); err != nil {
		return err //nolint:wrapcheck // a problem
	}
	return showDoctor(v, &report)
}
