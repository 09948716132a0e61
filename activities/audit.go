package activities

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"go.temporal.io/sdk/activity"
	"golang.org/x/sync/errgroup"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/saga/audit"
	"github.com/amends/amends/services/order"
	orderaudit "github.com/amends/amends/services/order/audit"
)

// Audit is a question of the doctor to one service. It is no step of a saga: it
// changes nothing and has no key.
type Audit[In, Out any] struct {
	Name    string // of the activity
	Service string // whose worker answers
}

// The questions to the order service, and to the engine, for which its worker
// answers. Those to another service are beside its steps.
var (
	AuditOrders   = Audit[audit.Range, orderaudit.Page]{"order.audit", "order"}
	AuditPlaced   = Audit[audit.Whole, []string]{"order.audit_placements", "order"}
	DescribeSagas = Audit[[]string, []SagaFact]{"order.describe_sagas", "order"}
	ResumeSagas   = Audit[[]string, []Resumed]{"order.resume_sagas", "order"}
	// DescribeRefunds asks for the sagas of refunds, by the ids of the refunds.
	DescribeRefunds = Audit[[]string, []SagaFact]{"order.describe_refunds", "order"}
)

// SagaState is the state of the newest run of an order's saga at the engine.
type SagaState string

// The states.
const (
	SagaRunning   SagaState = "running"
	SagaCompleted SagaState = "completed"
	SagaStopped   SagaState = "stopped" // terminated, failed, timed out or cancelled, without a decision
	SagaMissing   SagaState = "missing" // the engine has no run of it
)

// SagaFact is one order's saga, or one refund's, as the engine recorded it.
type SagaFact struct {
	Order string    `json:"order"` // the id, also that of a refund
	State SagaState `json:"state"`
	// How is the engine's own name of the state.
	How            string    `json:"how,omitempty"`
	NeedsAttention bool      `json:"needs_attention,omitempty"` // by its search attribute
	ClosedAt       time.Time `json:"closed_at,omitzero"`
	// TaskFailures counts consecutive failures of its workflow task.
	TaskFailures int `json:"task_failures,omitempty"`
}

// Resumed is the result of resuming one order's saga.
type Resumed struct {
	Order string `json:"order"`
	Error string `json:"error,omitempty"` // empty: it runs
}

// Sagas describes and resumes the sagas of orders at the engine.
type Sagas interface {
	// Describe returns the state of the newest run of an order's saga; without a run,
	// [SagaMissing]. It fails with UNAVAILABLE if the engine does not answer.
	Describe(ctx context.Context, orderID string) (SagaFact, error)

	// Resume starts the order's saga again: it is undone, or goes forward if its pivot
	// happened. If a run is open, Resume changes nothing.
	Resume(ctx context.Context, r order.Record) error

	// DescribeRefund is Describe for the saga of a refund.
	DescribeRefund(ctx context.Context, refundID string) (SagaFact, error)

	// ResumeRefund starts the saga of a refund again: it is refused, or goes forward if the
	// money was paid back. If a run is open, ResumeRefund changes nothing.
	ResumeRefund(ctx context.Context, f order.Refund) error
}

// Orders is the order service, and the part of its store that resumes refunds.
type Orders interface {
	order.Service

	// PendingRefundsOf returns the refunds of an order that have not ended.
	PendingRefundsOf(ctx context.Context, id string) ([]order.Refund, error)

	// Nudge tells the newest fact of a choreographed order again, from which its services go
	// on; of a cancelled one, the one on which they give back what they hold.
	Nudge(ctx context.Context, id string) error
}

// AuditEvents is the question about the events that a service tells or follows and that
// are not delivered.
func AuditEvents(service string) Audit[audit.Whole, []string] {
	return Audit[audit.Whole, []string]{service + ".audit_events", service}
}

// BindEventsAudit binds the question to a service, which undelivered answers in words.
func BindEventsAudit(r saga.Registry, service string, undelivered func(context.Context) ([]string, error)) {
	bindWhole(r, AuditEvents(service), undelivered)
}

// AuditChanged is the question for the sagas in which a service has changed something. The
// order service also names those that have not ended or are flagged, whenever they changed.
func AuditChanged(service string) Audit[audit.Window, audit.Changed] {
	return Audit[audit.Window, audit.Changed]{service + ".audit_changed", service}
}

// BindChangedAudit binds the question to a service, which changed answers.
func BindChangedAudit(r saga.Registry, service string, changed func(context.Context, audit.Window) (audit.Changed, error)) {
	bind(r, AuditChanged(service), changed)
}

// Pass passes a question on, and returns the answer. Both are JSON.
type Pass func(ctx context.Context, question string, argument json.RawMessage) (json.RawMessage, error)

// PassOn binds questions to a follower: a service that takes no steps and only follows the
// facts of others. It polls no task queue, so that it does not depend on the engine; the
// worker of the order service passes the questions on. Without ask the platform does not
// have the service, and the answer is null.
func PassOn(r saga.Registry, ask Pass, questions ...string) {
	for _, q := range questions {
		bind(r, Audit[json.RawMessage, json.RawMessage]{Name: q}, func(ctx context.Context, argument json.RawMessage) (json.RawMessage, error) {
			if ask == nil {
				return json.RawMessage(`null`), nil
			}
			return ask(ctx, q, argument)
		})
	}
}

// BindOrderAudit binds the questions to the order service and the engine.
func BindOrderAudit(r saga.Registry, a orderaudit.Auditor, s Orders, engine Sagas) {
	bind(r, AuditOrders, a.Audit)
	bindWhole(r, AuditPlaced, a.AuditPlacements)
	BindChangedAudit(r, AuditOrders.Service, a.Changed)
	bind(r, DescribeSagas, describing(engine.Describe))
	bind(r, DescribeRefunds, describing(engine.DescribeRefund))
	bind(r, ResumeSagas, func(ctx context.Context, ids []string) ([]Resumed, error) {
		all := make([]Resumed, len(ids))
		err := eachSaga(ctx, ids, func(ctx context.Context, i int) error {
			all[i].Order = ids[i]
			if err := resume(ctx, s, engine, ids[i]); err != nil { // the other orders do not depend on this one
				activity.GetLogger(ctx).Error("cannot tell that the saga was resumed", "order", ids[i], "error", err)
				all[i].Error = fault.Of(err).Error()
			}
			return nil
		})
		return all, err
	})
}

// describing returns the answer to a question about several sagas.
func describing(describe func(context.Context, string) (SagaFact, error)) func(context.Context, []string) ([]SagaFact, error) {
	return func(ctx context.Context, ids []string) ([]SagaFact, error) {
		facts := make([]SagaFact, len(ids))
		err := eachSaga(ctx, ids, func(ctx context.Context, i int) (err error) {
			facts[i], err = describe(ctx, ids[i])
			return err
		})
		return facts, err
	}
}

// resume resumes the saga of an order, or nudges the services of a choreographed one; of a
// confirmed one, whose saga can mend nothing, it resumes those of the refunds that have not
// ended.
func resume(ctx context.Context, s Orders, engine Sagas, id string) error {
	record, err := s.Get(ctx, id)
	if err != nil {
		return err
	}
	switch {
	case record.Status == order.Confirmed:
	case record.Style() == order.Choreographed:
		return s.Nudge(ctx, id)
	default:
		if record.Placement.ShipTo, err = s.Address(ctx, id); err != nil {
			return err
		}
		return engine.Resume(ctx, record)
	}
	pending, err := s.PendingRefundsOf(ctx, id)
	for _, f := range pending {
		err = errors.Join(err, engine.ResumeRefund(ctx, f))
	}
	return err
}

// Limits of the calls to the engine in one question. A question names 50 sagas at most
// and has a minute for its answer: even if every call takes all of its time, the next
// attempt does not have to begin again.
const (
	sagasAtOnce = 10
	sagaTime    = 10 * time.Second
)

// eachSaga calls f for each saga, several at a time, with a time limit of its own. It
// returns the first error after all calls under way have ended.
func eachSaga(ctx context.Context, ids []string, f func(ctx context.Context, i int) error) error {
	var g errgroup.Group
	g.SetLimit(sagasAtOnce)
	for i := range ids {
		g.Go(func() error {
			ctx, cancel := context.WithTimeout(ctx, sagaTime)
			defer cancel()
			return f(ctx, i)
		})
	}
	return g.Wait() //nolint:wrapcheck // it is f's
}

// bind registers a question under its name. The doctor's policy retries every
// failure; the message of a failure is safe to show.
func bind[In, Out any](r saga.Registry, a Audit[In, Out], f func(context.Context, In) (Out, error)) {
	r.RegisterActivityWithOptions(func(ctx context.Context, in In) (Out, error) {
		out, err := f(ctx, in)
		if err == nil {
			return out, nil
		}
		activity.GetLogger(ctx).Warn("audit failed", "audit", a.Name, "error", err)
		var none Out
		return none, fault.Of(err)
	}, activity.RegisterOptions{Name: a.Name})
}

// bindWhole is bind for a question about a service as a whole.
func bindWhole[Out any](r saga.Registry, a Audit[audit.Whole, Out], f func(context.Context) (Out, error)) {
	bind(r, a, func(ctx context.Context, _ audit.Whole) (Out, error) { return f(ctx) })
}
