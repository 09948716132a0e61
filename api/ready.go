package api

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/workflows"
)

// readyFor is how long a good answer is kept, so that probes cost the engine
// next to nothing. A bad one is never kept.
const readyFor = 2 * time.Second

// searchAttributes are what the namespace must have before an order can start.
var searchAttributes = map[string]enumspb.IndexedValueType{
	workflows.AttributeOrderStatus:    enumspb.INDEXED_VALUE_TYPE_KEYWORD,
	workflows.AttributeCustomer:       enumspb.INDEXED_VALUE_TYPE_KEYWORD,
	workflows.AttributeNeedsAttention: enumspb.INDEXED_VALUE_TYPE_BOOL,
}

// readiness remembers the last good answer.
type readiness struct {
	mu   sync.Mutex
	good time.Time
}

// Ready returns nil if the engine is reachable, its namespace has the search
// attributes of orders, and the server is not about to stop; else a fault with
// code UNAVAILABLE.
func (s *Server) Ready(ctx context.Context) error {
	select {
	case <-s.draining:
		return &problem{code: fault.Unavailable, detail: "The server is stopping."}
	default:
	}
	s.ready.mu.Lock()
	defer s.ready.mu.Unlock()
	if time.Since(s.ready.good) < readyFor {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, s.config.QueryTimeout)
	defer cancel()
	if err := s.orders.registered(ctx); err != nil {
		return err
	}
	s.ready.good = time.Now()
	return nil
}

func (o *orders) registered(ctx context.Context) error {
	answer, err := o.temporal.OperatorService().ListSearchAttributes(ctx, &operatorservice.ListSearchAttributesRequest{
		Namespace: o.config.Namespace,
	})
	if operatorless(err) {
		return o.countable(ctx)
	}
	if err != nil {
		return &problem{code: fault.Unavailable, detail: "The engine does not answer.", cause: fmt.Errorf("list search attributes: %w", err)}
	}
	o.alive()
	for name, kind := range searchAttributes {
		if answer.GetCustomAttributes()[name] != kind {
			return &problem{
				code: fault.Unavailable, detail: "The engine lacks a search attribute.",
				cause: fmt.Errorf("namespace %s has no search attribute %s of type %s", o.config.Namespace, name, kind),
			}
		}
	}
	return nil
}

// operatorless says whether the engine keeps its operator service to itself, as a
// managed one does.
func operatorless(err error) bool {
	var unimplemented *serviceerror.Unimplemented
	var denied *serviceerror.PermissionDenied
	return errors.As(err, &unimplemented) || errors.As(err, &denied)
}

// countable asks such an engine instead for a count by the search attributes,
// which it refuses if it lacks one or does not let us in.
func (o *orders) countable(ctx context.Context) error {
	var terms []string
	for name := range searchAttributes {
		terms = append(terms, name+" IS NULL")
	}
	_, err := o.temporal.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{
		Namespace: o.config.Namespace, Query: strings.Join(terms, " AND "),
	})
	if err != nil {
		return &problem{code: fault.Unavailable, detail: "The engine cannot find orders.", cause: fmt.Errorf("count workflows by search attributes: %w", err)}
	}
	o.alive()
	return nil
}

// unready is the answer of a readiness check that failed with err.
func unready(err error) *problem {
	return &problem{code: fault.Unavailable, detail: "Not ready.", cause: err}
}
