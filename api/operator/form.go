package operator

import (
	"context"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/amends/amends/api/body"
	"github.com/amends/amends/api/body/parameter"
	"github.com/amends/amends/api/contract"
)

// Form returns how the body of an operation is read: by a schema of the contract
// admin.yaml, and by rules that no schema can state, nil for none.
func Form(name string, rules func(ctx context.Context, value any) []contract.FieldError) body.Form {
	spec, err := contract.LoadAdmin()
	if err == nil {
		var schema *openapi3.Schema
		if schema, err = contract.Schema(spec, name); err == nil {
			return body.Form{Schema: schema, Rules: rules}
		}
	}
	panic(err) // the contract is embedded: it is whole
}

// Parameters returns how the query of a GET operation of the contract admin.yaml is read.
func Parameters(path string) parameter.Form {
	spec, err := contract.LoadAdmin()
	if err != nil {
		panic(err) // as above
	}
	return parameter.Of(spec.Paths.Value(path).Get)
}
