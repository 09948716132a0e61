package header

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAcceptsJSON(t *testing.T) {
	t.Parallel()
	for accept, want := range map[string]bool{
		"application/json": true, "*/*": true, "application/*": true, "APPLICATION/JSON": true, "": true, ",": true,
		"text/html, application/json;q=0.1": true, "text/html;q=1, */*;q=0.1": true, "application/json; charset=utf-8": true,
		"application/json;q=x": true, "application/*;q=0, application/json": true, "*/*;q=0.0, application/json;q=1": true,
		"text/html": false, "application/json;q=0": false, "*/*;q=0": false, "application/*;q=0, */*": false,
		"application/problem+json": false, "application/jsonp": false,
	} {
		require.Equal(t, want, AcceptsJSON(http.Header{"Accept": {accept}}), accept)
	}
	require.True(t, AcceptsJSON(http.Header{}))
	require.True(t, AcceptsJSON(http.Header{"Accept": {"text/html", "application/json"}}))
}

func TestCheckContent(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"application/json", "Application/JSON", "application/json; charset=utf-8", `application/json;charset="UTF-8"`} {
		require.NoError(t, CheckContent(http.Header{"Content-Type": {kind}, "Content-Encoding": {"identity"}}), kind)
	}
}
