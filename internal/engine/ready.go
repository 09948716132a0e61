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

// Attribute is a search attribute.
type Attribute struct {
	Name string
	Type enumspb.IndexedValueType
}

// String returns the attribute in the syntax of the temporal CLI: Name=Keyword.
func (a Attribute) String() string { return a.Name + "=" + a.Type.String() }

// Codes of an engine that answers and still cannot be used.
const (
	// NamespaceMissing: the engine does not have the namespace.
	NamespaceMissing fault.Code = "NAMESPACE_MISSING"
	// Refused: the engine does not accept the credentials.
	Refused fault.Code = "ENGINE_REFUSES"
	// AttributesMissing: search attributes are not registered.
	AttributesMissing fault.Code = "SEARCH_ATTRIBUTES_MISSING"
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
	return c.explain(err)
}

// explain returns err as a fault whose one line tells an operator what is wrong.
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

// Wait returns nil when the engine answers and has the namespace. While it is
// unreachable, Wait retries, and tells report why, once for each reason; report may
// be nil. It returns ctx's cause, or a fault that retrying cannot fix.
func (c *Client) Wait(ctx context.Context, report func(error)) error {
	retry := process.Retry{Report: report, Final: func(err error) bool { return fault.KindOf(err) != fault.Transient }}
	err := retry.Do(ctx, c.Check)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// Ready returns nil if the engine answers and has the namespace and the search
// attributes with their types, otherwise the fault that prevents its use.
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

// missing returns the attributes that the namespace does not have. An attribute of
// another type is an error because types cannot be changed.
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

// operatorless reports whether the engine does not offer its operator service, as
// managed engines do not. Their search attributes cannot be listed, so they are
// taken as registered.
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
