// Package namespace registers the Temporal namespace and search attributes of amends,
// and checks that they exist.
package namespace

import (
	"context"
	"errors"
	"strings"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	operatorservicepb "go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/serviceerror"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/engine"
)

// AttributesMissing is the code of an engine whose namespace lacks search
// attributes, or has one of another type.
const AttributesMissing fault.Code = "SEARCH_ATTRIBUTES_MISSING"

// askTimeout bounds one request to the engine.
const askTimeout = 3 * time.Second

// Attribute is a search attribute.
type Attribute struct {
	Name string
	Type enumspb.IndexedValueType
}

// String returns the attribute in the syntax of the temporal CLI: Name=Keyword.
func (a Attribute) String() string { return a.Name + "=" + a.Type.String() }

// Ready returns nil if the engine answers and has the namespace and the search
// attributes with their types, otherwise the fault that prevents its use.
func Ready(ctx context.Context, c *engine.Client, need []Attribute) error {
	if err := c.Check(ctx); err != nil {
		return err
	}
	absent, err := missing(ctx, c, need)
	if err != nil {
		return err
	}
	if len(absent) > 0 {
		return fault.Errorf(fault.Transient, AttributesMissing,
			"namespace %q has no search attribute %s: `amends migrate temporal` registers them", c.Namespace, join(absent))
	}
	return nil
}

// missing returns the attributes that the namespace does not have. An attribute of
// another type is an error because types cannot be changed.
func missing(ctx context.Context, c *engine.Client, need []Attribute) ([]Attribute, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	have, err := c.OperatorService().ListSearchAttributes(ctx, &operatorservicepb.ListSearchAttributesRequest{Namespace: c.Namespace})
	if err != nil {
		if operatorless(err) {
			return nil, nil
		}
		return nil, c.Explain(err)
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
