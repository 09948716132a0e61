package namespace

import (
	"context"
	"errors"
	"strings"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	operatorservicepb "go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/serviceerror"
	workflowservicepb "go.temporal.io/api/workflowservice/v1"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/background"
	"github.com/amends/amends/internal/engine"
)

// Retention is the time for which a namespace created by amends keeps closed
// workflows. Afterwards only the order service's record is left.
const Retention = 7 * 24 * time.Hour

// settleTimeout bounds the wait until all parts of an engine use a registration.
const settleTimeout = time.Minute

// Register creates the namespace and the search attributes unless they exist, and
// returns when the engine uses them. A repeat changes nothing. It waits for an
// unreachable engine until ctx ends, and tells report why, as [engine.Client.Wait] does.
func Register(ctx context.Context, c *engine.Client, need []Attribute, report func(error)) error {
	switch err := c.Wait(ctx, report); {
	case fault.CodeOf(err) == engine.NamespaceMissing:
		if err := create(ctx, c); err != nil {
			return err
		}
		if err := settled(ctx, c, nil); err != nil {
			return err
		}
	case err != nil:
		return err
	}
	absent, err := missing(ctx, c, need)
	if err != nil {
		return err
	}
	if len(absent) > 0 {
		types := map[string]enumspb.IndexedValueType{}
		for _, a := range absent {
			types[a.Name] = a.Type
		}
		if _, err := c.OperatorService().AddSearchAttributes(ctx, &operatorservicepb.AddSearchAttributesRequest{
			Namespace: c.Namespace, SearchAttributes: types,
		}); err != nil {
			// Another process registers them at the same time.
			if _, exists := errors.AsType[*serviceerror.AlreadyExists](err); !exists {
				return c.Explain(err)
			}
		}
	}
	return settled(ctx, c, need)
}

func create(ctx context.Context, c *engine.Client) error {
	_, err := c.WorkflowService().RegisterNamespace(ctx, &workflowservicepb.RegisterNamespaceRequest{
		Namespace:                        c.Namespace,
		Description:                      "amends: order sagas",
		WorkflowExecutionRetentionPeriod: durationpb.New(Retention),
	})
	var exists *serviceerror.NamespaceAlreadyExists
	if err != nil && !errors.As(err, &exists) {
		return c.Explain(err)
	}
	return nil
}

// settlePause is the pause between two looks; each is one cheap question.
const settlePause = 200 * time.Millisecond

// settled waits until every part of the engine uses a registration: parts cache
// namespaces, also missing ones, for some seconds. A count goes through the caches.
func settled(ctx context.Context, c *engine.Client, need []Attribute) error {
	ctx, cancel := context.WithTimeout(ctx, settleTimeout)
	defer cancel()
	err := background.Retry{First: settlePause, Most: settlePause}.Do(ctx, func(ctx context.Context) error {
		if _, err := c.WorkflowService().CountWorkflowExecutions(ctx, &workflowservicepb.CountWorkflowExecutionsRequest{
			Namespace: c.Namespace, Query: query(need),
		}); err != nil {
			return err //nolint:wrapcheck // explained below
		}
		_, err := missing(ctx, c, need)
		return err
	})
	return c.Explain(err)
}

// query mentions every attribute; an engine refuses it if it does not know one.
func query(need []Attribute) string {
	terms := make([]string, len(need))
	for i, a := range need {
		terms[i] = a.Name + " IS NULL"
	}
	return strings.Join(terms, " AND ")
}
