// Package reports answers the questions of the admin address about the doctor: its reports, and
// a run now.
package reports

import (
	"context"
	"errors"
	"time"

	"go.temporal.io/sdk/client"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/api/operator/platform"
	"github.com/amends/amends/cmd/amends/internal/cli"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/config"
	"github.com/amends/amends/internal/doctor"
	"github.com/amends/amends/internal/exposure"
	"github.com/amends/amends/internal/money"
	workflow "github.com/amends/amends/workflows/doctor"
)

// Doctor is the doctor of the platform, for the admin address.
type Doctor struct {
	Client client.Client
	Config *config.Config
}

var _ platform.Doctor = Doctor{}

func (d Doctor) queue() string { return d.Config.Services.Queues()["order"] }

// Last implements [platform.Doctor].
func (d Doctor) Last(ctx context.Context) (contract.DoctorState, error) {
	past, found, err := doctor.Last(ctx, d.Client, d.queue())
	if err != nil {
		return contract.DoctorState{}, fault.Wrap(err, fault.Transient, fault.Unavailable, "The engine does not answer.")
	}
	out := contract.DoctorState{EverySeconds: int64(past.Every.Seconds()), Paused: past.Paused, Running: past.Running}
	if found {
		out.Report = new(report(past.Report))
	}
	return out, nil
}

// patience is how long a run is waited for; it must end before the answer's time does.
const patience = 50 * time.Second

// Run implements [platform.Doctor].
func (d Doctor) Run(ctx context.Context, dryRun bool) (contract.DoctorReport, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	in := cli.DoctorInput(d.Config)
	in.DryRun = dryRun
	made, err := doctor.Run(ctx, d.Client, d.queue(), in)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return contract.DoctorReport{}, fault.Wrap(err, fault.Transient, fault.Unavailable, "The run has not ended yet, or no worker of the order service runs it. Repeat the request to join it.")
	case err != nil:
		return contract.DoctorReport{}, fault.Wrap(err, fault.Transient, fault.Unavailable, "The doctor could not run.")
	}
	return report(made), nil
}

// report renders a report.
func report(r workflow.Report) contract.DoctorReport {
	out := contract.DoctorReport{
		StartedAt: r.Started.UTC(), EndedAt: r.Ended.UTC(), DryRun: r.DryRun, Orders: int64(r.Orders), Judged: int64(r.Judged),
		SkippedYoung: int64(r.SkippedYoung), NeedsAttention: int64(r.NeedsAttention), Waivers: int64(r.WaiverCount), Repaired: int64(r.Repaired), Ok: r.OK,
		Findings: []contract.DoctorFinding{}, Unasked: []contract.UnaskedService{}, Holds: new(holds(r.Holds)),
	}
	for _, n := range r.Counts {
		out.Found += int64(n)
	}
	if !r.Whole() {
		out.ChangedSince = new(r.Since.UTC())
	}
	if r.ReportOnlyBecause != "" {
		out.ReportOnlyBecause = &r.ReportOnlyBecause
	}
	for _, f := range r.Findings {
		one := contract.DoctorFinding{
			Kind: string(f.Kind), Severity: string(f.Severity), Invariant: string(f.Invariant), Service: f.Service, Detail: f.Detail, Repaired: f.Repaired,
		}
		if f.Order != "" {
			one.Order = new(f.Order)
		}
		if f.Note != "" {
			one.Note = new(f.Note)
		}
		if !f.Holds.IsZero() {
			one.Holds = new(f.Holds.String())
		}
		if !f.Since.IsZero() {
			one.Since = new(f.Since.UTC())
		}
		out.Findings = append(out.Findings, one)
	}
	for _, u := range r.Unasked {
		out.Unasked = append(out.Unasked, contract.UnaskedService{Service: u.Service, Times: int64(u.Times), Error: u.Error})
	}
	return out
}

// holds renders the holdings of the orders with findings, but for stock that is sold.
func holds(e exposure.Exposure) contract.Exposure {
	amounts := func(all []money.Amount) []contract.Money {
		out := []contract.Money{}
		for _, a := range all {
			out = append(out, contract.Money{Amount: a.Minor, Currency: string(a.Currency)})
		}
		return out
	}
	return contract.Exposure{MoneyHeld: amounts(e.Held), MoneyTaken: amounts(e.Taken), StockHeld: e.Reserved, ParcelsBooked: int64(e.Parcels)}
}
