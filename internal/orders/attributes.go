package orders

import (
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"

	"github.com/amends/amends/internal/engine"
	"github.com/amends/amends/workflows"
)

// Attributes lists the search attributes that a namespace must have before an
// order can start. The caller must not change it.
var Attributes = attributes(workflows.AttributeOrderStatus, workflows.AttributeCustomer, workflows.AttributeNeedsAttention)

func attributes(keys ...temporal.SearchAttributeKey) []engine.Attribute {
	list := make([]engine.Attribute, len(keys))
	for i, key := range keys {
		list[i] = engine.Attribute{Name: key.GetName(), Type: key.GetValueType()}
	}
	return list
}

// attribute returns a search attribute of a run, or the zero value if the run has
// none. The engine itself reads search attributes, so the default converter
// encodes them whatever converter the payloads have.
func attribute[T any](info *workflowpb.WorkflowExecutionInfo, key temporal.SearchAttributeKey) (value T) {
	payload := info.GetSearchAttributes().GetIndexedFields()[key.GetName()]
	if payload == nil || converter.GetDefaultDataConverter().FromPayload(payload, &value) != nil {
		var none T
		return none
	}
	return value
}
