// Package contract holds the OpenAPI documents of the two HTTP faces, the code
// generated from them, and the AsyncAPI document of the facts that services tell.
//
// openapi.yaml describes the public address, admin.yaml the admin address of a
// process. Both are embedded: the servers register the
// generated routes, validate request bodies against the schemas, and serve the
// documents as written. After a change run go generate ./api/...
package contract

//go:generate go run github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@v2.8.2 -config oapi-server.yaml openapi.yaml
//go:generate go run github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@v2.8.2 -config oapi-admin.yaml admin.yaml
//go:generate go run ../../internal/asyncapi/generate ../.. asyncapi.yaml

import (
	_ "embed" // the contracts
	"fmt"
	"net/url"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
)

// PublicYAML is the contract of the public address, openapi.yaml as written.
//
//go:embed openapi.yaml
var PublicYAML []byte

// AdminYAML is the contract of the admin address, admin.yaml as written.
//
//go:embed admin.yaml
var AdminYAML []byte

// EventsYAML is the contract of the facts, asyncapi.yaml as generated.
//
//go:embed asyncapi.yaml
var EventsYAML []byte

// LoadPublic parses openapi.yaml. Every call returns the same document; the
// caller must not change it.
var LoadPublic = sync.OnceValues(GetSpec)

// LoadAdmin parses admin.yaml, which refers to schemas of openapi.yaml. Every
// call returns the same document; the caller must not change it.
var LoadAdmin = sync.OnceValues(func() (*openapi3.T, error) {
	loader := openapi3.NewLoader()
	loader.IsExternalRefsAllowed = true
	loader.ReadFromURIFunc = func(_ *openapi3.Loader, at *url.URL) ([]byte, error) {
		if at.Path != "openapi.yaml" {
			return nil, fmt.Errorf("admin.yaml refers to %s, which is not embedded", at)
		}
		return PublicYAML, nil
	}
	return loader.LoadFromDataWithPath(AdminYAML, &url.URL{Path: "admin.yaml"})
})

// Schema returns the schema of a name in a parsed contract, or an error if it has none.
func Schema(spec *openapi3.T, name string) (*openapi3.Schema, error) {
	ref := spec.Components.Schemas[name]
	if ref == nil {
		return nil, fmt.Errorf("the contract has no schema %s", name)
	}
	return ref.Value, nil
}
