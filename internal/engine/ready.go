package engine

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	operatorservicepb "go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/serviceerror"
	workflowservicepb "go.temporal.io/api/workflowservice/v1"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/process"
)

// Attribute is a search attribute that amends needs.
type Attribute struct {
	Name string
	Type enumspb.IndexedValueType
}

// String returns the attribute as the temporal CLI takes it: Name=Keyword.
func (a Attribute) String() string { return a.Name + "=" + a.Type.String() }

// Codes of what may be wrong with an engine.
const (
	// NamespaceMissing says that the engine answers, but has no such namespace.
	NamespaceMissing fault.Code = "NAMESPACE_MISSING"
	// Refused says that the engine answers, but does not let us in.
	Refused fault.Code = "ENGINE_REFUSES"
	// AttributesMissing says that search attributes are not registered.
	AttributesMissing fault.Code = "SEARCH_ATTRIBUTES_MISSING"
)

// checkTimeout bounds one question to the engine.
const checkTimeout = 3 * time.Second

// Check asks the engine for the namespace. Its error is a fault: [fault.Unavailable]
// if it may pass by itself, [NamespaceMissing] or [Refused] if somebody must act.
func (c *Client) Check(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	_, err := c.WorkflowService().DescribeNamespace(ctx, &workflowservicepb.DescribeNamespaceRequest{Namespace: c.Namespace})
	return c.explain(err)
}

// explain says in one line what err means to somebody who runs amends.
func (c *Client) explain(err error) error {
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

// Wait returns when the engine answers and has the namespace. While the engine is
// not reachable Wait asks again, and tells report the reason, the first time and
// whenever it changes; report may be nil. It returns an error that waiting cannot
// fix, or the cause of ctx.
func (c *Client) Wait(ctx context.Context, report func(error)) error {
	retry := process.Retry{Report: report, Final: func(err error) bool { return fault.KindOf(err) != fault.Transient }}
	err := retry.Do(ctx, c.Check)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// Ready says why the engine cannot be used right now, nil if it can: it
// answers, has the namespace, and has the search attributes with their types.
func (c *Client) Ready(ctx context.Context, need []Attribute) error {
	if err := c.Check(ctx); err != nil {
		return err
	}
	missing, err := c.missing(ctx, need)
	if err != nil {
		return err
	}
	if len(missing) > 0 {
		return fault.Errorf(fault.Transient, AttributesMissing,
			"namespace %q has no search attribute %s: `amends migrate temporal` registers them", c.Namespace, join(missing))
	}
	return nil
}

// missing returns those of need that the namespace does not have. An attribute
// of another type is an error: it cannot be changed.
func (c *Client) missing(ctx context.Context, need []Attribute) ([]Attribute, error) {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	have, err := c.OperatorService().ListSearchAttributes(ctx, &operatorservicepb.ListSearchAttributesRequest{Namespace: c.Namespace})
	if err != nil {
		if operatorless(err) {
			return nil, nil
		}
		return nil, c.explain(err)
	}
	var missing []Attribute
	for _, a := range need {
		switch is, ok := have.GetCustomAttributes()[a.Name]; {
		case !ok:
			missing = append(missing, a)
		case is != a.Type:
			return nil, fault.Errorf(fault.Bug, AttributesMissing,
				"search attribute %s of namespace %q is a %s and must be a %s", a.Name, c.Namespace, is, a.Type)
		}
	}
	return missing, nil
}

// operatorless says whether the engine keeps its operator service to itself, as
// a managed one does. What is registered there cannot be asked, so it is not judged.
func operatorless(err error) bool {
	var unimplemented *serviceerror.Unimplemented
	var denied *serviceerror.PermissionDenied
	return errors.As(err, &unimplemented) || errors.As(err, &denied)
}

func join(attributes []Attribute) string {
	names := make([]string, len(attributes))
	for i, a := range attributes {
		names[i] = a.String()
	}
	return strings.Join(names, ", ")
}

func oneLine(err error) string {
	return fmt.Sprintf("%.200s", strings.Join(strings.Fields(err.Error()), " "))
}
