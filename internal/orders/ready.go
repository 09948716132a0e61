package orders

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
)

// Ready returns nil if the engine answers within a query timeout and its namespace
// has the search attributes of orders, otherwise a fault with code UNAVAILABLE.
func (c *Client) Ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, c.config.QueryTimeout)
	defer cancel()
	answer, err := c.temporal.OperatorService().ListSearchAttributes(ctx, &operatorservice.ListSearchAttributesRequest{
		Namespace: c.config.Namespace,
	})
	if isOperatorless(err) {
		return c.countable(ctx)
	}
	if err != nil {
		return unavailable("The engine does not answer.", fmt.Errorf("list search attributes: %w", err))
	}
	c.alive()
	for _, a := range Attributes {
		if answer.GetCustomAttributes()[a.Name] != a.Type {
			return unavailable("The engine lacks a search attribute.",
				fmt.Errorf("namespace %s has no search attribute %s of type %s", c.config.Namespace, a.Name, a.Type))
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
func (c *Client) countable(ctx context.Context) error {
	terms := make([]string, len(Attributes))
	for i, a := range Attributes {
		terms[i] = a.Name + " IS NULL"
	}
	_, err := c.temporal.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{
		Namespace: c.config.Namespace, Query: strings.Join(terms, " AND "),
	})
	if err != nil {
		return unavailable("The engine cannot find orders.", fmt.Errorf("count workflows by search attributes: %w", err))
	}
	c.alive()
	return nil
}
