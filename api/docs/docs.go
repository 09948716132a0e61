// Package docs serves the page on which a developer reads and tries the API, and the
// contracts themselves.
package docs

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/labstack/echo/v4"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/api/edge"
	"github.com/amends/amends/api/problem"
	"github.com/amends/amends/services/payment/provider/token"
)

//go:embed site
var site embed.FS

// contentPolicy lets the page load nothing but its own files and call nothing but
// this API.
const contentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

const script = "text/javascript"

// Page is the page to read and try the API: embedded files, the contract as JSON, the list
// of problems, and the payment tokens of the simulated provider.
type Page struct {
	page  []byte
	files map[string]file
}

type file struct {
	kind string
	body []byte
}

// New returns the page of a parsed contract.
func New(spec *openapi3.T) (*Page, error) {
	text, err := spec.MarshalJSON()
	if err != nil {
		return nil, fmt.Errorf("contract as JSON: %w", err)
	}
	codes, err := json.Marshal(problem.Public())
	if err != nil {
		return nil, fmt.Errorf("problems as JSON: %w", err)
	}
	tokens, err := json.Marshal(token.All)
	if err != nil {
		return nil, fmt.Errorf("test tokens as JSON: %w", err)
	}
	d := &Page{files: map[string]file{
		"/docs/openapi.json":  {"application/json", text},
		"/docs/problems.json": {"application/json", codes},
		"/docs/tokens.json":   {"application/json", tokens},
	}}
	for name, kind := range map[string]string{
		"app.js": script, "form.js": script, "fields.js": script, "curl.js": script, "dom.js": script, "style.css": "text/css",
	} {
		body, err := site.ReadFile("site/" + name)
		if err != nil {
			return nil, fmt.Errorf("docs page: %w", err)
		}
		d.files["/docs/"+name] = file{kind, body}
	}
	if d.page, err = site.ReadFile("site/index.html"); err != nil {
		return nil, fmt.Errorf("docs page: %w", err)
	}
	return d, nil
}

// Register adds the page's files, and the headers that guard it. The routes of the
// contract, /docs, /openapi.yaml and /asyncapi.yaml, are the generated code's.
func (d *Page) Register(e *echo.Echo) {
	r := edge.Router{Echo: e}
	e.Use(policy)
	for path, f := range d.files {
		r.GET(path, func(c echo.Context) error {
			c.Response().Header().Set(echo.HeaderCacheControl, "no-cache")
			return c.Blob(http.StatusOK, f.kind+"; charset=utf-8", f.body)
		})
	}
}

// policy guards the page: the generated handler writes no such headers.
func policy(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if c.Path() == "/docs" {
			h := c.Response().Header()
			h.Set(echo.HeaderContentSecurityPolicy, contentPolicy)
			h.Set(echo.HeaderCacheControl, "no-cache")
			c.Response().Before(func() {
				if h.Get(echo.HeaderContentType) == echo.MIMETextHTML {
					h.Set(echo.HeaderContentType, echo.MIMETextHTML+"; charset=utf-8")
				}
			})
		}
		return next(c)
	}
}

// GetDocs serves the page.
func (d *Page) GetDocs(context.Context, contract.GetDocsRequestObject) (contract.GetDocsResponseObject, error) {
	return contract.GetDocs200TexthtmlResponse{Body: bytes.NewReader(d.page), ContentLength: int64(len(d.page))}, nil
}

// GetContract serves the contract as it is written.
func (d *Page) GetContract(context.Context, contract.GetContractRequestObject) (contract.GetContractResponseObject, error) {
	return contract.GetContract200ApplicationyamlResponse{Body: bytes.NewReader(contract.PublicYAML), ContentLength: int64(len(contract.PublicYAML))}, nil
}

// GetEvents serves the contract of the facts as it is generated.
func (d *Page) GetEvents(context.Context, contract.GetEventsRequestObject) (contract.GetEventsResponseObject, error) {
	return contract.GetEvents200ApplicationyamlResponse{Body: bytes.NewReader(contract.EventsYAML), ContentLength: int64(len(contract.EventsYAML))}, nil
}
