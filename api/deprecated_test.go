package api

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/labstack/echo/v4"
	"github.com/stretchr/testify/require"

	"github.com/amends/amends/api/edge"
	"github.com/amends/amends/api/edge/deprecated"
)

// TestADeprecatedOperationIsAnnouncedByItsRow runs the way from a row to the answer on a
// contract of its own, because no operation of today's is deprecated.
func TestADeprecatedOperationIsAnnouncedByItsRow(t *testing.T) {
	t.Parallel()
	spec, err := openapi3.NewLoader().LoadFromFile("testdata/deprecated.yaml")
	require.NoError(t, err)
	end := &deprecated.Notice{Since: time.Unix(1_800_000_000, 0), Sunset: time.Unix(1_900_000_000, 0), Link: "/docs#GetOld"}
	table := routes{
		{"GetOld", echo.GET, "/v1/old", none, unlimited, process, time.Second, 0, end},
		{"GetNew", echo.GET, "/v1/new", none, unlimited, process, time.Second, 0, nil},
	}
	counted := map[string]int{}
	g := guards{calls: deprecated.NewCalls(func(operation, consumer string) { counted[operation+" "+consumer]++ })}
	e := edge.New(edge.Config{Log: slog.New(slog.DiscardHandler), MaxBody: edge.DefaultMaxBody})
	r := edge.Router{Echo: e, Middleware: table.middleware(g)}
	for path := range spec.Paths.Map() {
		r.GET(path, func(c echo.Context) error { return c.NoContent(http.StatusOK) })
	}
	for _, row := range table {
		require.Equal(t, spec.Paths.Value(row.path).Get.Deprecated, row.end != nil, row.operation)
		request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, row.path, http.NoBody)
		request.Header.Set("User-Agent", "shop/1.0")
		answer := httptest.NewRecorder()
		e.ServeHTTP(answer, request)
		require.Equal(t, http.StatusOK, answer.Code)
		require.Equal(t, row.end != nil, answer.Header().Get("Deprecation") == "@1800000000", row.operation)
		require.Equal(t, row.end != nil, answer.Header().Get("Sunset") != "", row.operation)
	}
	require.Equal(t, map[string]int{"GetOld shop": 1}, counted)
}
