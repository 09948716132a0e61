package api

import (
	"context"
	"errors"
	"fmt"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/converter"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/workflows"
)

// describe returns what the engine knows of an order without any worker. Of a
// decided one that is the workflow's result; of another its status and times from
// the workflow's description, and what was asked for from its input, if that can
// be read in time.
func (o *orders) describe(ctx context.Context, id string) (snapshot, error) {
	d, err := o.temporal.DescribeWorkflowExecution(ctx, workflows.WorkflowID(id), "")
	if err != nil {
		return snapshot{}, fmt.Errorf("describe the order's workflow: %w", err)
	}
	o.alive()
	info := d.GetWorkflowExecutionInfo()
	if info.GetStatus() == enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED {
		if decided, ok := o.await(ctx, id); ok {
			decided.source = contract.SourceEngine
			o.addAcknowledged(ctx, &decided)
			return decided, nil
		}
	}
	found := snapshot{source: contract.SourceEngine}
	found.ID = id
	found.Status = workflows.Status(keyword(info.GetSearchAttributes(), workflows.AttributeOrderStatus))
	if found.Status == "" {
		found.Status = workflows.StatusPending
	}
	found.NeedsAttention = flag(info.GetSearchAttributes(), workflows.AttributeNeedsAttention)
	found.CreatedAt = info.GetStartTime().AsTime()
	found.UpdatedAt = found.CreatedAt
	if closed := info.GetCloseTime(); closed != nil {
		found.UpdatedAt = closed.AsTime()
	}
	found.FlagStopped(info)

	if input, err := o.input(ctx, id); err == nil {
		found.CustomerID, found.Currency = input.Placement.CustomerID, input.Placement.Currency
		for _, l := range input.Placement.Lines {
			found.Lines = append(found.Lines, workflows.LineView{SKU: l.SKU, Quantity: l.Quantity})
		}
	}
	return found, nil
}

// enrich adds to a workflow's own answer what only the engine knows. Without an
// answer nothing is added.
func (o *orders) enrich(ctx context.Context, found *snapshot) {
	d, err := o.temporal.DescribeWorkflowExecution(ctx, workflows.WorkflowID(found.ID), "")
	if err != nil {
		return
	}
	found.Observe(d)
}

// input returns what the order's workflow was started with, from the first event
// of its history.
func (o *orders) input(ctx context.Context, id string) (workflows.Input, error) {
	var input workflows.Input
	history := o.temporal.GetWorkflowHistory(ctx, workflows.WorkflowID(id), "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	if !history.HasNext() {
		return input, errors.New("the order's workflow has no history")
	}
	first, err := history.Next()
	if err != nil {
		return input, fmt.Errorf("read the order's history: %w", err)
	}
	o.alive()
	payloads := first.GetWorkflowExecutionStartedEventAttributes().GetInput()
	if err := o.data.FromPayloads(payloads, &input); err != nil {
		return input, fmt.Errorf("read the order's input: %w", err)
	}
	if input.Placement.Fingerprint == "" {
		return input, errors.New("the order's input has no fingerprint")
	}
	return input, nil
}

// Search attributes are always encoded by the default converter: the engine
// itself reads them.

func keyword(attributes *commonpb.SearchAttributes, name string) string {
	var s string
	if payload := attributes.GetIndexedFields()[name]; payload != nil {
		if err := converter.GetDefaultDataConverter().FromPayload(payload, &s); err != nil {
			return ""
		}
	}
	return s
}

func flag(attributes *commonpb.SearchAttributes, name string) bool {
	var b bool
	if payload := attributes.GetIndexedFields()[name]; payload != nil {
		if err := converter.GetDefaultDataConverter().FromPayload(payload, &b); err != nil {
			return false
		}
	}
	return b
}
