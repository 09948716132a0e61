package chaos

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"time"

	"github.com/amends/amends/proof/wait"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/workflows/doctor"
)

// doctor runs `amends doctor` when every order is old enough to be judged, and
// returns its findings. It repairs nothing: anything to repair is a violation
// here.
func (p *platform) doctor(ctx context.Context, records []order.Record) ([]string, error) {
	var due time.Time
	for _, r := range records {
		if r.Placement.DecideBy.After(due) {
			due = r.Placement.DecideBy
		}
	}
	if err := wait.For(ctx, time.Until(due)); err != nil {
		return nil, err
	}
	cmd := p.command(ctx, "doctor", "--json", "--dry-run", "--grace", "1ms", "--pause", "500ms")
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	exit, ok := errors.AsType[*exec.ExitError](err)
	if err != nil && (!ok || exit.ExitCode() != 1) {
		return nil, fmt.Errorf("amends doctor: %w: %s", err, &complaint)
	}
	var report doctor.Report
	if err := json.Unmarshal(out, &report); err != nil {
		return nil, fmt.Errorf("amends doctor: %w: %s", err, out)
	}
	var all []string
	for _, f := range report.Findings {
		all = append(all, fmt.Sprintf("%s: doctor: %s of order %s: %s", f.Invariant, f.Kind, f.Order, f.Detail))
	}
	for _, u := range report.Unasked {
		all = append(all, fmt.Sprintf("doctor: %s did not answer", u.Service))
	}
	for _, a := range report.Absent {
		all = append(all, fmt.Sprintf("doctor: has no address of %s", a))
	}
	if report.Judged < len(records) {
		all = append(all, fmt.Sprintf("doctor: judged %d of %d orders", report.Judged, len(records)))
	}
	if healthy := len(all) == 0; report.OK != healthy || healthy != (err == nil) {
		all = append(all, fmt.Sprintf("doctor: says ok %t, exit %v, with %d findings", report.OK, err, len(all)))
	}
	return all, nil
}
