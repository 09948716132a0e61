package activities

import (
	"context"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/saga/ledger"
	"github.com/amends/amends/services/order"
)

// SagaRuns refuses an acknowledgement that comes too early: the saga may still recover
// from its flags, or be repaired.
const SagaRuns fault.Code = "SAGA_RUNS"

// AcknowledgeOrder records that an operator has reviewed a decided order. It is a
// saga of its own, because the order's saga has ended.
var AcknowledgeOrder = saga.Step[ledger.Acknowledgement, order.Record]{
	Name: "order.acknowledge", Kind: saga.Recorded,
	Summary: func(ledger.Acknowledgement) string { return "an operator has reviewed it" },
}

// BindAcknowledge binds the step to the order service, and to the engine: the saga of
// a decided order runs again after a reset or a resume.
func BindAcknowledge(r saga.Registry, s order.Service, engine Sagas) {
	saga.Bind(r, AcknowledgeOrder, func(ctx context.Context, k saga.Key, a ledger.Acknowledgement) (order.Record, error) {
		fact, err := engine.Describe(ctx, k.Saga)
		if err != nil {
			return order.Record{}, err
		}
		if fact.State == SagaRunning {
			return order.Record{}, fault.Errorf(fault.Business, SagaRuns, "the order's saga runs: repair the step that is flagged")
		}
		return redacted(s.Acknowledge(ctx, k, a))
	}, nil)
}
