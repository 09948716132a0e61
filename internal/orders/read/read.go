// Package read reads an order at the engine: from its workflow or, while no worker
// answers, from the engine's own description of that workflow, which also tells the
// attempts that run right now.
package read

import (
	"context"
	"fmt"
	"slices"
	"time"

	"go.temporal.io/sdk/converter"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/orders/call"
	"github.com/amends/amends/internal/orders/identity"
	"github.com/amends/amends/internal/orders/records"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/workflows"
)

// Source names who answered for an order.
type Source string

// The sources.
const (
	FromWorkflow Source = "workflow" // the order's workflow
	FromRecord   Source = "record"   // the order service's record
	FromEngine   Source = "engine"   // the engine, because no worker answered

	FromReadModel Source = "read_model" // the read model; see package lookup
)

// Snapshot is an order as its source knew it at one moment.
type Snapshot struct {
	workflows.OrderView

	Source Source

	// Version is that of the order, and AsOf the time of the answer; only the read model
	// tells them.
	Version int64
	AsOf    time.Time

	// Run is the run of its workflow that the caller itself has started; empty: another
	// one, or none. It spares [Reader.Await] a question to the engine.
	Run string

	pseudonym string // of the customer, if only the engine answered
}

// Of reports whether the order is that of a customer. While the engine alone answers, it
// compares the hashes that the engine has.
func (s Snapshot) Of(customer string) bool {
	if s.CustomerID != "" {
		return s.CustomerID == customer
	}
	return s.pseudonym != "" && s.pseudonym == identity.Customer(customer)
}

// Decided reports whether the order is confirmed or cancelled.
func (s Snapshot) Decided() bool { return s.Status != workflows.StatusPending }

// Stopped reports whether it is known that the saga was stopped before it decided.
func (s Snapshot) Stopped() bool {
	return slices.ContainsFunc(s.Attention, func(a saga.Attention) bool { return a.Step == stoppedStep })
}

// SagaStopped refuses a request about an order whose saga was stopped before it
// decided. Clients keep the code.
const SagaStopped fault.Code = "SAGA_STOPPED"

// Reader reads orders. It is safe for concurrent use.
type Reader struct {
	engine    *call.Engine
	records   *records.Reader
	timeout   time.Duration
	converter converter.DataConverter
}

// New returns a reader. While an order's workflow does not answer, its record has the
// parts that the engine does not know; records may be nil. The workflow may take a timeout to answer; questions to
// the engine after that take at most half as long again. The converter is that of the
// client's payloads.
func New(e *call.Engine, recorded *records.Reader, timeout time.Duration, c converter.DataConverter) *Reader {
	return &Reader{e, recorded, timeout, c}
}

// maxAcknowledged bounds the wait for an acknowledgement: one that is being made now
// is left out.
const maxAcknowledged = 2 * time.Second

// Find returns an order as its workflow knows it or, if no worker answers, as the
// engine does, within one and a half query timeouts; an order that the engine does not
// know is that of its record, which takes one more. Codes: NOT_FOUND, UNAVAILABLE.
func (r *Reader) Find(ctx context.Context, id string) (Snapshot, error) {
	view, err := r.query(ctx, id)
	switch {
	case fault.CodeOf(err) == fault.NotFound:
		return r.forgotten(ctx, id, err)
	case err == nil && view.Style == order.Choreographed: // the workflow has met the record of one
		return r.FindRecord(ctx, id)
	}
	asked := ctx
	ctx, cancel := context.WithTimeout(ctx, r.timeout/2)
	defer cancel()
	if err == nil {
		// Every reader of an order comes here. So acknowledgements, one more question,
		// are read only of flagged orders, whose flags they take down.
		r.complete(ctx, &view, view.NeedsAttention)
		return Snapshot{OrderView: view, Source: FromWorkflow}, nil
	}
	found, err := r.describe(ctx, id)
	switch {
	case err == nil:
		if found = r.recorded(ctx, found); found.Source == FromEngine && found.Status == workflows.StatusCancelled && found.Reason == "" {
			// Neither the result nor the record came in time. A client takes a decision for
			// final, so it must not get one without its reason.
			return Snapshot{}, call.Unavailable(unreadable, nil)
		}
		return found, nil
	case call.IsUnknownWorkflow(err):
		return r.forgotten(asked, id, notFound(err))
	default:
		return r.unasked(asked, id, call.Unavailable(unreadable, err))
	}
}

// FindRecord returns an order as its record has it, for one that is known to need no
// workflow. Codes: NOT_FOUND, UNAVAILABLE.
func (r *Reader) FindRecord(ctx context.Context, id string) (Snapshot, error) {
	return r.forgotten(ctx, id, notFound(nil))
}

// recorded adds the order's record to the engine's description of an order. A record that
// is decided is the newer of the two.
func (r *Reader) recorded(ctx context.Context, found Snapshot) Snapshot {
	if !r.records.Answer() {
		return found
	}
	rec, err := r.records.Get(ctx, found.ID)
	if err != nil {
		return found
	}
	have, err := OfRecord(rec)
	if err != nil {
		return found
	}
	if have.Decided() || have.Style == order.Choreographed {
		return have
	}
	found.CustomerID, found.Currency, found.Lines, found.Total = have.CustomerID, have.Currency, have.Lines, have.Total
	return found
}

// Ask returns an order as its workflow knows it, with every acknowledgement and every reset
// that the engine knows of. Its error is a fault with code NOT_FOUND, or means that no worker answers.
func (r *Reader) Ask(ctx context.Context, id string) (workflows.OrderView, error) {
	view, err := r.query(ctx, id)
	if err != nil {
		return workflows.OrderView{}, err
	}
	r.complete(ctx, &view, true)
	r.addResets(ctx, &view)
	return view, nil
}

// query asks the order's workflow, which answers also after it has closed. Code:
// NOT_FOUND.
func (r *Reader) query(ctx context.Context, id string) (workflows.OrderView, error) {
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	var view workflows.OrderView
	answer, err := r.engine.QueryWorkflow(ctx, workflows.WorkflowID(id), "", workflows.QueryOrder)
	if call.IsUnknownWorkflow(err) {
		return view, notFound(err)
	}
	if err != nil {
		return view, fmt.Errorf("query the order's workflow: %w", err)
	}
	r.engine.Answered()
	if err := answer.Get(&view); err != nil {
		return view, fmt.Errorf("read the query's answer: %w", err)
	}
	return view, nil
}

// complete adds to a workflow's answer the facts that only the engine knows, as far
// as it answers before ctx ends.
func (r *Reader) complete(ctx context.Context, view *workflows.OrderView, acknowledged bool) {
	decided := view.Status != workflows.StatusPending
	if decided && r.addRecorded(ctx, view) {
		return
	}
	if !decided || view.NeedsAttention {
		r.observe(ctx, view)
	}
	if decided && acknowledged {
		ctx, cancel := context.WithTimeout(ctx, maxAcknowledged)
		defer cancel()
		r.addAcknowledged(ctx, view)
	}
}

// addRecorded adds to a decided order the changes of its record since its workflow closed: flags
// and repairs of refunds, acknowledgements. It reports whether the record answers.
func (r *Reader) addRecorded(ctx context.Context, view *workflows.OrderView) bool {
	if !r.records.Answer() {
		return false
	}
	rec, err := r.records.Get(ctx, view.ID)
	if err != nil {
		return false
	}
	view.Add(rec)
	return true
}

// addAcknowledged adds to a decided order the acknowledgements made since its
// workflow closed. Without an answer it adds nothing.
func (r *Reader) addAcknowledged(ctx context.Context, view *workflows.OrderView) {
	var newest workflows.OrderView
	if err := r.engine.GetWorkflow(ctx, workflows.AcknowledgementID(view.ID), "").Get(ctx, &newest); err == nil {
		view.Acknowledge(newest.Acknowledgements)
	}
}

func notFound(err error) error { return fault.Wrap(err, fault.Business, fault.NotFound, "") }
