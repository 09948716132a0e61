package reports

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"maps"
	"slices"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/doctor"
	workflow "github.com/amends/amends/workflows/doctor"
)

// Runs implements [platform.Doctor].
func (d Doctor) Runs(ctx context.Context, cursor string, limit int) (contract.DoctorRuns, error) {
	from, ok := opened(cursor)
	if !ok {
		return contract.DoctorRuns{}, fault.Errorf(fault.Business, fault.Invalid, "the cursor is of no page")
	}
	past, next, err := doctor.History(ctx, d.Client, d.queue(), from, limit)
	if err != nil {
		return contract.DoctorRuns{}, fault.Wrap(err, fault.Transient, fault.Unavailable, "The engine does not answer.")
	}
	out := contract.DoctorRuns{Runs: []contract.DoctorRun{}}
	for _, e := range past {
		out.Runs = append(out.Runs, run(e))
	}
	if len(next) > 0 {
		out.NextCursor = new(closed(next))
	}
	return out, nil
}

// closed returns the cursor that has a token of the engine. It begins with a checksum: the engine
// answers a token that is not its own as it answers a question when it is ill.
func closed(token []byte) string {
	sum := sha256.Sum256(token)
	return base64.RawURLEncoding.EncodeToString(append(sum[:checked], token...))
}

// checked is the length of the checksum.
const checked = 8

// opened returns the token of a cursor, nil of the empty one, and whether it is one.
func opened(cursor string) (token []byte, ok bool) {
	if cursor == "" {
		return nil, true
	}
	all, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil || len(all) <= checked {
		return nil, false
	}
	sum := sha256.Sum256(all[checked:])
	return all[checked:], bytes.Equal(sum[:checked], all[:checked])
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
	for _, k := range slices.Sorted(maps.Keys(r.Counts)) {
		if n := r.Counts[k]; n > 0 {
			out.Kinds = append(out.Kinds, contract.DoctorCount{Kind: string(k), Count: int64(n)})
		}
	}
	return out
}
