// Package place places orders at the engine, each once however often the request is
// repeated.
//
// An order's id is derived from its customer and the caller's key, so a repeated
// placement addresses the same workflow. A placement starts that workflow, unless it
// exists, and reads the order's record until its first step has written it: first the
// engine has the order, then the order service, so no such record is without a workflow. The
// record has the fingerprint of the placement and the nonce of the call that made it:
// another nonce means a replay, another fingerprint means a key that was used twice.
//
// A choreographed order has no workflow. The order service records it, and that record is
// found by every repeat as the other one is, whichever style the repeat asks for; see
// [Config].
//
// Where the order service cannot be called, the workflow itself answers the same by its
// update [workflows.UpdatePlace]. One Update-With-Start both starts the workflow and
// waits for the update, whose id is a constant: every repeat gets the first outcome.
package place

import (
	"cmp"
	"context"
	"errors"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/temporal"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/engine/attempt"
	"github.com/amends/amends/internal/orders/admission"
	"github.com/amends/amends/internal/orders/call"
	"github.com/amends/amends/internal/orders/identity"
	"github.com/amends/amends/internal/orders/pollers"
	"github.com/amends/amends/internal/orders/read"
	"github.com/amends/amends/internal/orders/records"
	service "github.com/amends/amends/services/order"
	"github.com/amends/amends/workflows"
)

// Codes of this package, beside those of the fault, saga and workflows packages.
// Clients keep them: codes are only ever added.
const (
	// KeyReused refuses a key that placed another order before.
	KeyReused fault.Code = "IDEMPOTENCY_KEY_REUSED"
	// PlacementUnknown says that the order may have been placed. A repeat with the
	// same key finds it or places it.
	PlacementUnknown fault.Code = "PLACEMENT_UNKNOWN"
	// Overloaded refuses a placement before it starts anything, because the platform
	// could not decide it in time. A repeat, with the same key, may be let in.
	Overloaded fault.Code = "OVERLOADED"
)

// Config configures a [Placer]. Every other field must be set.
type Config struct {
	// Placed is called for each order that is new, with its style and the time until it was
	// stored.
	Placed func(style string, took time.Duration)

	Queue       string        // of the order service's workers
	Express     []string      // steps that a new order tries at its own worker; may be empty
	Style       service.Style // of the orders whose placement names none
	DecideAfter time.Duration // how long an order may stay undecided
	Timeout     time.Duration // how long a placement waits until the order is stored
	PingTimeout time.Duration // how long the engine may take to answer at all
	Now         func() time.Time
}

// Placer places orders. It is safe for concurrent use.
type Placer struct {
	engine  *call.Engine
	orders  *read.Reader
	records *records.Reader // nil: workflows are asked
	queue   *pollers.Pollers
	gate    *admission.Gate
	config  Config
	pace    pace
}

// New returns a placer, which lets orders in through gate. Without records it asks the
// orders' workflows.
func New(e *call.Engine, orders *read.Reader, recorded *records.Reader, queue *pollers.Pollers, gate *admission.Gate, c Config) *Placer {
	return &Placer{engine: e, orders: orders, records: recorded, queue: queue, gate: gate, config: c}
}

// Placed is the outcome of a placement.
type Placed struct {
	read.Snapshot

	Replayed bool // an earlier call placed the order
}

// Contact is where a guest is told of the order, and its seal, which stands for it in the
// fingerprint; see [identity.Guests.Contact]. The zero Contact is none.
type Contact struct {
	service.Contact

	Seal string
}

// Place places an order under an id that is derived from its customer and the caller's
// key, or attaches to it, and returns when the order is stored. If there is an order with
// the earlier id, under which a repeat may have been placed before, it is that one; ""
// is none. A repeat returns the same
// order as it stands then, with Replayed set. The order service keeps the contact before
// anything starts. Codes: [KeyReused], [Overloaded] and
// UNAVAILABLE (nothing was started), [PlacementUnknown]; with the last one the outcome
// has the order's id and nothing else.
func (p *Placer) Place(ctx context.Context, order workflows.Placement, id, earlier string, contact Contact) (Placed, error) {
	order.Fingerprint, order.Nonce = identity.Fingerprint(order, contact.Seal), identity.Nonce()
	// Only workers of v0.1.0 read these times of this host's clock; see
	// [workflows.Input.OnEngineClock].
	order.PlacedAt = p.config.Now().UTC().Truncate(time.Microsecond)
	order.DecideBy = order.PlacedAt.Add(p.config.DecideAfter)

	turn, err := p.gate.Enter(ctx)
	if err != nil {
		return Placed{}, fault.Wrap(err, fault.Transient, Overloaded, "")
	}
	defer turn.Leave()
	if cmp.Or(order.Style, p.config.Style) == choreographed {
		return p.choreographed(ctx, order, id, earlier, contact, turn)
	}
	order.Style = "" // as the inputs of workflows have always been
	// Asked first, so that an engine that is gone costs a second and leaves no doubt.
	if err := p.engine.Reachable(ctx, p.config.PingTimeout); err != nil {
		return Placed{}, call.Harmless(err)
	}
	if id, err = p.either(ctx, id, earlier); err != nil {
		return Placed{}, err
	}
	if err := p.taken(ctx, id); err != nil {
		return Placed{}, err
	}
	if err := p.keep(ctx, id, order, contact); err != nil {
		return Placed{}, err
	}
	watched, attempts := attempt.Watch(ctx)
	placed, err := p.submit(watched, id, order, enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE)
	switch {
	case err == nil:
	case hasNoOutcome(err):
		return p.existing(ctx, id, order, turn)
	case attempts.Harmless():
		return Placed{}, call.Harmless(err)
	default:
		turn.Lost()
		return unknownPlacement(id, err)
	}
	return p.answer(ctx, order, placed, turn)
}

// keep has the order service keep a guest's contact before anything starts.
func (p *Placer) keep(ctx context.Context, id string, order workflows.Placement, contact Contact) error {
	if contact == (Contact{}) {
		return nil
	}
	if err := p.records.KeepContact(ctx, id, order.Fingerprint, contact.Contact); err != nil {
		return call.Harmless(err)
	}
	return nil
}

// answer answers for an order that is stored. One whose workflow was stopped before it began
// is placed again.
func (p *Placer) answer(ctx context.Context, order workflows.Placement, placed first, turn *admission.Turn) (Placed, error) {
	if placed.nonce == order.Nonce {
		turn.Placed()
		p.config.Placed(string(cmp.Or(placed.order.Style, service.Orchestrated)), turn.Took())
	}
	now, err := p.outcome(ctx, order, placed)
	if err == nil && now.Replayed && now.Stopped() {
		return p.existing(ctx, now.ID, order, turn)
	}
	return now, err
}

// first is an order's first placement.
type first struct {
	fingerprint, nonce string
	order              read.Snapshot
}

// hasNoOutcome reports whether the order's workflow exists but has no outcome for
// this placement: it was terminated, or its update failed; or it is closed, and there is
// no record.
func hasNoOutcome(err error) bool {
	var started *serviceerror.WorkflowExecutionAlreadyStarted
	var application *temporal.ApplicationError
	var gone *serviceerror.NotFound
	return errors.As(err, &started) || errors.As(err, &application) || errors.As(err, &gone)
}

func unknownPlacement(id string, err error) (Placed, error) {
	placed := Placed{Snapshot: read.Snapshot{OrderView: workflows.OrderView{ID: id}}}
	return placed, fault.Wrap(err, fault.Unknown, PlacementUnknown, "")
}
