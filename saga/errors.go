package saga

import (
	"cmp"
	"errors"
	"fmt"
	"hash/fnv"
	"time"

	"go.temporal.io/sdk/temporal"

	"github.com/amends/amends/fault"
)

// This file is the one translation between faults and Temporal's errors. An activity
// failure carries the fault's code as its type, its message, and [details]. The
// message is safe to show and free of personal data; the cause stays in the
// worker's log.

// details travel with an activity failure.
type details struct {
	Kind     fault.Kind `json:"kind"`
	Attempts int        `json:"attempts"`
	Progress int        `json:"progress,omitempty"` // as the service reported it
}

// canceled is the code of a step that was stopped because the saga is being aborted.
// It never leaves the kernel.
const canceled fault.Code = "STEP_CANCELED"

func encode(err error, k Key, p policy, d details, local bool) error {
	f := fault.Of(err)
	d.Kind = f.Kind
	o := temporal.ApplicationErrorOptions{
		NonRetryable: p.ends(f.Kind),
		Details:      []any{d},
	}
	if f.Kind == fault.Business || f.Kind == fault.Suspension {
		o.Category = temporal.ApplicationErrorCategoryBenign // a decision is not an alarm
	}
	if f.Code == fault.Locked {
		o.NextRetryDelay = afterLock(k, d.Attempts, local)
	}
	return temporal.NewApplicationErrorWithOptions(f.Message, string(f.Code), o)
}

// The shortest and the longest mean time before an attempt that follows one that a
// lock has stopped.
const (
	firstAfterLock = time.Second
	mostAfterLock  = 5 * time.Second
)

// afterLock returns the time before the next attempt. It doubles with each attempt,
// and half of it depends on the key: every step behind one lock has failed at the
// same time, and if all came back together they would take all slots of their worker
// again. The local call of a step ends instead, and the step goes on as an ordinary
// activity at once, because a local one keeps the workflow task and a slot that other
// orders need.
func afterLock(k Key, attempt int, local bool) time.Duration {
	if local {
		return 365 * 24 * time.Hour // longer than any local call may take, also for a host whose clock is behind
	}
	mean := min(firstAfterLock<<min(attempt-1, 10), mostAfterLock)
	h := fnv.New32a()
	_, _ = fmt.Fprint(h, k, attempt) // a hash takes everything
	return mean/2 + mean*time.Duration(h.Sum32()%1000)/1000
}

// failure is the reason for which a call of a step ended without success.
type failure struct {
	code     fault.Code
	kind     fault.Kind
	message  string // the service's; empty: the engine has ended the call
	attempts int
	progress int // the last that the service reported
}

// after reports whether the call ended only because its time was over: it got further
// than done parts of the work.
func (f *failure) after(done int) bool {
	late := f.kind == fault.Transient || f.kind == fault.Unknown && f.code != canceled
	return late && f.progress > done
}

// fault returns f as [Do] does.
func (f *failure) fault() error {
	return fault.Errorf(f.kind, f.code, "%s", cmp.Or(f.message, "the step did not succeed"))
}

// decode is the inverse of encode. A failure that did not come from encode is never
// a decision: it is a bug if it is final, otherwise transient.
func decode(err error) *failure {
	var (
		app   *temporal.ApplicationError
		late  *temporal.TimeoutError
		ended *temporal.CanceledError
		crash *temporal.PanicError
	)
	switch {
	case err == nil:
		return nil
	case errors.As(err, &app):
		var d details
		if app.HasDetails() && app.Details(&d) == nil && d.Kind != "" {
			return &failure{code: fault.Code(app.Type()), kind: d.Kind, message: app.Message(), attempts: d.Attempts, progress: max(d.Progress, heartbeat(err))}
		}
		if app.NonRetryable() {
			return &failure{code: fault.Internal, kind: fault.Bug}
		}
		return &failure{code: fault.Internal, kind: fault.Transient}
	case errors.As(err, &late):
		return &failure{code: fault.Timeout, kind: fault.Unknown, progress: heartbeat(err)}
	case errors.As(err, &ended):
		return &failure{code: canceled, kind: fault.Unknown}
	case errors.As(err, &crash): // of a local step: go on as an ordinary activity, until a correct worker is deployed
		return &failure{code: fault.Internal, kind: fault.Transient}
	default:
		return &failure{code: fault.Internal, kind: fault.Bug}
	}
}

// heartbeat returns the progress in the last heartbeat of an attempt that timed out,
// else 0. The failure of the attempt before it may be the cause of err.
func heartbeat(err error) (done int) {
	var late *temporal.TimeoutError
	if !errors.As(err, &late) || !late.HasLastHeartbeatDetails() || late.LastHeartbeatDetails(&done) != nil {
		return 0
	}
	return done
}

// refuse returns the error of a query or an update that is refused.
func refuse(code fault.Code, message string) error {
	return temporal.NewApplicationErrorWithOptions(message, string(code), temporal.ApplicationErrorOptions{
		NonRetryable: true, Category: temporal.ApplicationErrorCategoryBenign,
	})
}
