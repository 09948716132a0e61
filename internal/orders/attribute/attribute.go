// Package attribute lists the search attributes of orders: the indexed fields by which
// the engine finds an order's workflow. It reads them, and checks that a namespace has
// them.
package attribute

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/serviceerror"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"

	"github.com/amends/amends/internal/engine/namespace"
	"github.com/amends/amends/internal/orders/call"
	"github.com/amends/amends/workflows"
)

// All lists the search attributes that a namespace must have before an order can
// start. The caller must not change it.
var All = list(workflows.AttributeOrderStatus, workflows.AttributeCustomer, workflows.AttributeNeedsAttention)

func list(keys ...temporal.SearchAttributeKey) []namespace.Attribute {
	all := make([]namespace.Attribute, len(keys))
	for i, key := range keys {
		all[i] = namespace.Attribute{Name: key.GetName(), Type: key.GetValueType()}
	}
	return all
}

// Of returns a search attribute of a run, or the zero value if the run has none. The
// engine itself reads search attributes, so the default converter encodes them
// whatever converter the payloads have.
func Of[T any](info *workflowpb.WorkflowExecutionInfo, key temporal.SearchAttributeKey) (value T) {
	payload := info.GetSearchAttributes().GetIndexedFields()[key.GetName()]
	if payload == nil || converter.GetDefaultDataConverter().FromPayload(payload, &value) != nil {
		var none T
		return none
	}
	return value
}

// Check returns nil if the engine answers and a namespace has all attributes,
// otherwise a fault with code UNAVAILABLE, whose message a client may see.
func Check(ctx context.Context, t client.Client, namespace string) error {
	answer, err := t.OperatorService().ListSearchAttributes(ctx, &operatorservice.ListSearchAttributesRequest{
		Namespace: namespace,
	})
	if isOperatorless(err) {
		return countable(ctx, t, namespace)
	}
	if err != nil {
		return call.Unavailable("The engine does not answer.", fmt.Errorf("list search attributes: %w", err))
	}
	for _, a := range All {
		if answer.GetCustomAttributes()[a.Name] != a.Type {
			return call.Unavailable("The engine lacks a search attribute.",
				fmt.Errorf("namespace %s has no search attribute %s of type %s", namespace, a.Name, a.Type))
		}
	}
	return nil
}

// isOperatorless reports whether the engine keeps its operator service to itself,
// as a managed one does.
func isOperatorless(err error) bool {
	var unimplemented *serviceerror.Unimplemented
	var denied *serviceerror.PermissionDenied
	return errors.As(err, &unimplemented) || errors.As(err, &denied)
}

// countable asks such an engine for a count by the search attributes. The engine
// refuses that if it lacks one, or denies access.
func countable(ctx context.Context, t client.Client, namespace string) error {
	terms := make([]string, len(All))
	for i, a := range All {
		terms[i] = a.Name + " IS NULL"
	}
	_, err := t.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{
		Namespace: namespace, Query: strings.Join(terms, " AND "),
	})
	if err != nil {
		return call.Unavailable("The engine cannot find orders.", fmt.Errorf("count workflows by search attributes: %w", err))
	}
	return nil
}
