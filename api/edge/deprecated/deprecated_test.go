package deprecated_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/stretchr/testify/require"

	"github.com/amends/amends/api/edge/deprecated"
)

func TestADeprecatedOperationSaysSoAndCountsItsConsumers(t *testing.T) {
	t.Parallel()
	counted := map[string]int{}
	calls := deprecated.NewCalls(func(operation, consumer string) { counted[operation+" "+consumer]++ })
	handler := calls.Middleware("GetOld", deprecated.Notice{
		Since: time.Unix(1_800_000_000, 0), Sunset: time.Date(2028, 1, 2, 3, 4, 5, 0, time.UTC), Link: "/docs#GetOld",
	})(func(c echo.Context) error { return c.NoContent(http.StatusOK) })
	call := func(agent string) http.Header {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody)
		r.Header.Set("User-Agent", agent)
		w := httptest.NewRecorder()
		require.NoError(t, handler(echo.New().NewContext(r, w)))
		return w.Header()
	}

	h := call("shop/1.0")
	require.Equal(t, "@1800000000", h.Get("Deprecation"))
	require.Equal(t, "Sun, 02 Jan 2028 03:04:05 GMT", h.Get("Sunset"))
	require.Equal(t, `</docs#GetOld>; rel="deprecation"; type="text/html"`, h.Get("Link"))
	call("shop/2.0")
	call("")
	require.Equal(t, map[string]int{"GetOld shop": 2, "GetOld unknown": 1}, counted)

	for i := range 200 {
		call(fmt.Sprintf("agent-%d", i))
	}
	require.Len(t, counted, 102, "100 consumers, unknown and other")
	require.Equal(t, 101, counted["GetOld other"])
	call("shop/3.0")
	require.Equal(t, 3, counted["GetOld shop"])
}
