package engine

import (
	"context"
	"errors"
	"strings"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	operatorservicepb "go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/serviceerror"
	workflowservicepb "go.temporal.io/api/workflowservice/v1"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/process"
)

// Retention is the time for which a namespace created by amends keeps closed
// workflows. Afterwards only the order service's record is left.
const Retention = 7 * 24 * time.Hour

// settleTimeout bounds the wait until all parts of an engine use a registration.
const settleTimeout = time.Minute

// Register creates the namespace and the search attributes unless they exist, and
// returns when the engine uses them. A repeat changes nothing. It waits for an
// unreachable engine until ctx ends, and tells report why, as [Client.Wait] does.
func (c *Client) Register(ctx context.Context, need []Attribute, report func(error)) error {
	switch err := c.Wait(ctx, report); {
	case fault.CodeOf(err) == NamespaceMissing:
		if err := c.createNamespace(ctx); err != nil {
			return err
		}
		if err := c.settled(ctx, nil); err != nil {
			return err
		}
	case err != nil:
		return err
	}
	missing, err := c.missing(ctx, need)
	if err != nil {
		return err
	}
	if len(missing) > 0 {
		types := map[string]enumspb.IndexedValueType{}
		for _, a := range missing {
			types[a.Name] = a.Type
		}
		if _, err := c.OperatorService().AddSearchAttributes(ctx, &operatorservicepb.AddSearchAttributesRequest{
			Namespace: c.Namespace, SearchAttributes: types,
		}); err != nil {
			// Another process registers them at the same time.
			if _, exists := errors.AsType[*serviceerror.AlreadyExists](err); !exists {
				return c.explain(err)
			}
		}
	}
	return c.settled(ctx, need)
}

func (c *Client) createNamespace(ctx context.Context) error {
	_, err := c.WorkflowService().RegisterNamespace(ctx, &workflowservicepb.RegisterNamespaceRequest{
		Namespace:                        c.Namespace,
		Description:                      "amends: order sagas",
		WorkflowExecutionRetentionPeriod: durationpb.New(Retention),
	})
	var exists *serviceerror.NamespaceAlreadyExists
	if err != nil && !errors.As(err, &exists) {
		return c.explain(err)
	}
	return nil
}

// settled waits until every part of the engine uses a registration: parts cache
// namespaces, also missing ones, for some seconds. A count goes through the caches.
func (c *Client) settled(ctx context.Context, need []Attribute) error {
	ctx, cancel := context.WithTimeout(ctx, settleTimeout)
	defer cancel()
	err := process.Retry{First: 200 * time.Millisecond}.Do(ctx, func(ctx context.Context) error {
		if _, err := c.WorkflowService().CountWorkflowExecutions(ctx, &workflowservicepb.CountWorkflowExecutionsRequest{
			Namespace: c.Namespace, Query: query(need),
		}); err != nil {
			return err //nolint:wrapcheck // explained below
		}
		_, err := c.missing(ctx, need)
		return err
	})
	return c.explain(err)
}

// query mentions every attribute; an engine refuses it if it does not know one.
func query(need []Attribute) string {
	terms := make([]string, len(need))
	for i, a := range need {
		terms[i] = a.Name + " IS NULL"
	}
	return strings.Join(terms, " AND ")
}

// unauthenticated reports whether the engine rejects the credentials. The SDK has
// no error type for it.
func unauthenticated(err error) bool { return status.Code(err) == codes.Unauthenticated }
