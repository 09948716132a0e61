package api

import (
	"bytes"
	"context"
	"encoding/json"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/labstack/echo/v4"
	"github.com/stretchr/testify/require"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/api/problem"
)

func TestContract(t *testing.T) {
	t.Parallel()
	spec, err := contract.LoadPublic()
	require.NoError(t, err)
	admin, err := contract.LoadAdmin()
	require.NoError(t, err)

	t.Run("IsValid", func(t *testing.T) {
		t.Parallel()
		require.NoError(t, spec.Validate(t.Context()))
		require.NoError(t, admin.Validate(t.Context()))
	})

	t.Run("IsServedAsItIsWritten", func(t *testing.T) {
		t.Parallel()
		answer := setup(t).do(t, http.MethodGet, "/openapi.yaml", "")
		require.Equal(t, http.StatusOK, answer.StatusCode)
		require.Equal(t, "application/yaml", answer.Header.Get("Content-Type"))
		served, err := openapi3.NewLoader().LoadFromData([]byte(answer.text))
		require.NoError(t, err)
		want, err := spec.MarshalJSON()
		require.NoError(t, err)
		got, err := served.MarshalJSON()
		require.NoError(t, err)
		require.True(t, bytes.Equal(want, got), "openapi.yaml was changed: run go generate ./api/...")
	})

	t.Run("OfFactsIsServedAsItIsGenerated", func(t *testing.T) {
		t.Parallel()
		answer := setup(t).do(t, http.MethodGet, "/asyncapi.yaml", "")
		require.Equal(t, http.StatusOK, answer.StatusCode)
		require.Equal(t, "application/yaml", answer.Header.Get("Content-Type"))
		require.Equal(t, string(contract.EventsYAML), answer.text)
	})

	t.Run("DeclaresEveryStatusThatACodeHas", func(t *testing.T) {
		t.Parallel()
		declared := map[int]bool{http.StatusMethodNotAllowed: true} // of no operation
		for _, c := range []*openapi3.T{spec, admin} {
			for _, item := range c.Paths.Map() {
				for _, operation := range item.Operations() {
					for status := range operation.Responses.Map() {
						n, err := strconv.Atoi(status)
						require.NoError(t, err)
						declared[n] = true
					}
				}
			}
		}
		for _, p := range problem.List() {
			require.True(t, declared[p.Status], "%s is answered with %d", p.Code, p.Status)
			require.NotEmpty(t, p.Title)
			require.NotEmpty(t, p.Advice)
		}
	})
}

// operationsOf returns the operations of a contract.
func operationsOf(spec *openapi3.T) (all []string) {
	for path, item := range spec.Paths.Map() {
		for method := range item.Operations() {
			all = append(all, method+" "+echoPath(path))
		}
	}
	return all
}

// routesOf returns the routes of a server, apart from the documentation page's files and
// the way to it.
func routesOf(t *testing.T, h http.Handler) (all []string) {
	t.Helper()
	e, ok := h.(*echo.Echo)
	if s, is := h.(*Server); is {
		e, ok = s.echo, true
	}
	require.True(t, ok)
	for _, r := range e.Routes() {
		if r.Method != http.MethodHead && !strings.HasPrefix(r.Path, "/docs/") && r.Path != "/" {
			all = append(all, r.Method+" "+r.Path)
		}
	}
	return all
}

// requireContract requires that an answer is one that the contract declares.
func requireContract(t *testing.T, r response) {
	t.Helper()
	spec, err := contract.LoadPublic()
	require.NoError(t, err)
	requireDeclared(t, spec, r)
}

// requireDeclared requires that an answer is one that contract declares.
func requireDeclared(t *testing.T, spec *openapi3.T, r response) {
	t.Helper()
	problem, err := contract.LoadPublic()
	require.NoError(t, err)
	if r.Header.Get("X-Request-Id") == "" || r.Request == nil {
		return // net/http itself refused it
	}
	content := openapi3.NewContentWithJSONSchemaRef(problem.Components.Schemas["Problem"])
	content["application/problem+json"] = content["application/json"]
	delete(content, "application/json")

	operation := operationOf(spec, r.Request)
	switch {
	case operation != nil:
		declared := operation.Responses.Status(r.StatusCode)
		require.NotNil(t, declared, "%s does not declare %d", operation.OperationID, r.StatusCode)
		content = declared.Value.Content
	case r.StatusCode < 400:
		return // a file of the docs page, or OPTIONS
	}
	if r.Request.Method == http.MethodHead {
		return
	}
	if operation != nil && len(content) == 0 {
		require.Empty(t, r.text, operation.OperationID)
		return
	}
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	require.NoError(t, err)
	declared := content[kind]
	require.NotNil(t, declared, "%d is not declared as %s", r.StatusCode, kind)
	if !strings.HasSuffix(kind, "json") {
		return
	}
	var body any
	require.NoError(t, json.Unmarshal([]byte(r.text), &body), r.text)
	require.NoError(t, declared.Schema.Value.VisitJSON(body, openapi3.VisitAsResponse(), openapi3.EnableFormatValidation()))
}

func operationOf(spec *openapi3.T, r *http.Request) *openapi3.Operation {
	path := r.URL.EscapedPath()
	if id, ok := strings.CutPrefix(path, "/v1/orders/"); ok && id != "" {
		id, rest, _ := strings.Cut(id, "/")
		if about, ok := strings.CutPrefix(rest, "cases/"); ok {
			_, verb, _ := strings.Cut(about, "/")
			rest = strings.TrimSuffix("cases/{case}/"+verb, "/")
		}
		path = strings.TrimSuffix("/v1/orders/{id}/"+rest, "/")
		if id == "" || (rest == "" && strings.HasSuffix(r.URL.EscapedPath(), "/")) {
			return nil
		}
	}
	if rest, ok := strings.CutPrefix(path, "/v1/dead-letters/"); ok {
		_, verb, _ := strings.Cut(rest, "/")
		path = "/v1/dead-letters/{id}/" + verb
	}
	if rest, ok := strings.CutPrefix(path, "/v1/cases/"); ok {
		_, verb, _ := strings.Cut(rest, "/")
		path = strings.TrimSuffix("/v1/cases/{id}/"+verb, "/")
	}
	for template, parent := range map[string]string{
		"/v1/sessions/{id}": "/v1/sessions/", "/v1/me/addresses/{id}": "/v1/me/addresses/", "/v1/password-resets/{token}": "/v1/password-resets/",
	} {
		if last, ok := strings.CutPrefix(path, parent); ok && last != "" && last != "refresh" {
			path = template
		}
	}
	item := spec.Paths.Value(path)
	if item == nil {
		return nil
	}
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	return item.GetOperation(method)
}

// alive is an engine that is there.
func alive(context.Context) error { return nil }

// bodies are those of the operations that need one.
var bodies = map[string]string{
	"PlaceOrder": goodBody, "CheckStock": checkMugs, "CancelOrder": "{}", "OpenCase": openMug,
	"AnswerOrderCase": bothMugs, "CloseOrderCase": "{}",
}

func bodyOf(t *testing.T, o *openapi3.Operation) string {
	t.Helper()
	if o.RequestBody == nil {
		return ""
	}
	require.Contains(t, bodies, o.OperationID, "the operation needs a body")
	return bodies[o.OperationID]
}
