package serve

import (
	"context"
	"encoding/base64"
	"errors"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/doctor"
	workflow "github.com/amends/amends/workflows/doctor"
	"github.com/amends/amends/workflows/doctor/judge"
)

// Runs implements [platform.Doctor].
func (d Doctor) Runs(ctx context.Context, cursor string, limit int) (contract.DoctorRuns, error) {
	from, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil {
		return contract.DoctorRuns{}, fault.Wrap(err, fault.Business, fault.Invalid, "The cursor is of no page.")
	}
	past, next, err := doctor.History(ctx, d.Client, d.queue(), from, limit)
	switch {
	case errors.Is(err, doctor.ErrCursor):
		return contract.DoctorRuns{}, fault.Wrap(err, fault.Business, fault.Invalid, "The cursor is of no page.")
	case err != nil:
		return contract.DoctorRuns{}, fault.Wrap(err, fault.Transient, fault.Unavailable, "The engine does not answer.")
	}
	out := contract.DoctorRuns{Runs: []contract.DoctorRun{}}
	for _, e := range past {
		out.Runs = append(out.Runs, run(e))
	}
	if len(next) > 0 {
		out.NextCursor = new(base64.RawURLEncoding.EncodeToString(next))
	}
	return out, nil
}

// Past implements [platform.Doctor].
func (d Doctor) Past(ctx context.Context, id string) (contract.DoctorRun, error) {
	past, found, err := doctor.Find(ctx, d.Client, d.queue(), id)
	switch {
	case err != nil:
		return contract.DoctorRun{}, fault.Wrap(err, fault.Transient, fault.Unavailable, "The engine does not answer.")
	case !found:
		return contract.DoctorRun{}, fault.Errorf(fault.Business, fault.NotFound, "the engine has no such run of the doctor")
	}
	out := run(past)
	if past.Report != nil {
		out.Report = new(report(*past.Report))
	}
	return out, nil
}

// run renders a run without its report.
func run(e doctor.Entry) contract.DoctorRun {
	out := contract.DoctorRun{Id: e.ID, Scheduled: e.Scheduled, State: e.State, StartedAt: e.Started.UTC()}
	if !e.Ended.IsZero() {
		out.EndedAt = new(e.Ended.UTC())
	}
	if e.Report != nil {
		out.Summary = new(summary(*e.Report))
	}
	return out
}

// summary renders the figures of a report.
func summary(r workflow.Report) contract.DoctorSummary {
	out := contract.DoctorSummary{
		DryRun: r.DryRun, Orders: int64(r.Orders), Judged: int64(r.Judged), SkippedYoung: int64(r.SkippedYoung), Found: int64(r.Found()),
		Repaired: int64(r.Repaired), Unasked: int64(len(r.Unasked)), Ok: r.OK, Kinds: []contract.DoctorCount{},
	}
	if !r.Whole() {
		out.ChangedSince = new(r.Since.UTC())
	}
	for _, k := range judge.Kinds {
		if n := r.Counts[k]; n > 0 {
			out.Kinds = append(out.Kinds, contract.DoctorCount{Kind: string(k), Count: int64(n)})
		}
	}
	return out
}
