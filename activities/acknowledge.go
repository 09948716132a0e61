package activities

import (
	"context"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/saga/ledger"
	"github.com/amends/amends/services/order"
)

// SagaRuns is the code of an acknowledgement that comes too early: what the saga
// has flagged it may still mend, or be repaired.
const SagaRuns fault.Code = "SAGA_RUNS"

// AcknowledgeOrder keeps with a decided order that somebody has looked at it. It is
// a saga of its own, because the order's has ended.
var AcknowledgeOrder = saga.Step[ledger.Acknowledgement, order.Record]{
	Name: "order.acknowledge", Kind: saga.Recorded,
	Summary: func(ledger.Acknowledgement) string { return "somebody has looked at it" },
}

// BindAcknowledge binds the step to the order service, and to the engine: an order
// that was decided may be reset or resumed, and then its saga has it in hand again.
func BindAcknowledge(r saga.Registry, s order.Service, engine Sagas) {
	saga.Bind(r, AcknowledgeOrder, func(ctx context.Context, k saga.Key, a ledger.Acknowledgement) (order.Record, error) {
		fact, err := engine.Describe(ctx, k.Saga)
		if err != nil {
			return order.Record{}, err
		}
		if fact.State == SagaRunning {
			return order.Record{}, fault.Errorf(fault.Business, SagaRuns, "the order's saga runs: repair the step that is flagged")
		}
		record, err := s.Acknowledge(ctx, k, a)
		// Where the customer lives, and what is paid with, is none of this history's business.
		record.Placement.ShipTo, record.Placement.PaymentToken = order.Address{}, ""
		return record, err
	}, nil)
}
