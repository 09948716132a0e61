package engine

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"go.temporal.io/api/serviceerror"
	workflowservicepb "go.temporal.io/api/workflowservice/v1"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/background"
)

// Codes of an engine that answers and still cannot be used.
const (
	// NamespaceMissing: the engine does not have the namespace.
	NamespaceMissing fault.Code = "NAMESPACE_MISSING"
	// Refused: the engine does not accept the credentials.
	Refused fault.Code = "ENGINE_REFUSES"
)

// checkTimeout bounds one request to the engine.
const checkTimeout = 3 * time.Second

// Check asks the engine for the namespace, for 3 seconds at most. Its error is a
// fault: [fault.Unavailable] if waiting may help, [NamespaceMissing] or [Refused]
// if an operator must act.
func (c *Client) Check(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	_, err := c.WorkflowService().DescribeNamespace(ctx, &workflowservicepb.DescribeNamespaceRequest{Namespace: c.Namespace})
	return c.Explain(err)
}

// Explain returns an error of a request to the engine as a fault whose one line
// tells an operator what is wrong; nil stays nil.
func (c *Client) Explain(err error) error {
	var missing *serviceerror.NamespaceNotFound
	var notFound *serviceerror.NotFound
	var denied *serviceerror.PermissionDenied
	switch {
	case err == nil:
		return nil
	case errors.As(err, &missing), errors.As(err, &notFound):
		return fault.Errorf(fault.Bug, NamespaceMissing,
			"Temporal at %s has no namespace %q: `amends migrate temporal` creates it", c.Address, c.Namespace)
	case errors.As(err, &denied), unauthenticated(err):
		return fault.Errorf(fault.Bug, Refused, "Temporal at %s refuses us: %s", c.Address, oneLine(err))
	default:
		return fault.Errorf(fault.Transient, fault.Unavailable, "Temporal at %s is not reachable: %s", c.Address, oneLine(err))
	}
}

// Wait returns nil when the engine answers and has the namespace. While it is
// unreachable, Wait retries, and tells report why, once for each reason; report may
// be nil. It returns ctx's cause, or a fault that retrying cannot fix.
func (c *Client) Wait(ctx context.Context, report func(error)) error {
	retry := background.Retry{Report: report, Final: func(err error) bool { return fault.KindOf(err) != fault.Transient }}
	err := retry.Do(ctx, c.Check)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

func oneLine(err error) string {
	return fmt.Sprintf("%.200s", strings.Join(strings.Fields(err.Error()), " "))
}

// unauthenticated reports whether the engine rejects the credentials. The SDK has
// no error type for it.
func unauthenticated(err error) bool { return status.Code(err) == codes.Unauthenticated }
