package header

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestChooseOfOne(t *testing.T) {
	t.Parallel()
	takes := func(h http.Header) bool {
		_, ok := Choose(h, "application/json")
		return ok
	}
	for accept, want := range map[string]bool{
		"application/json": true, "*/*": true, "application/*": true, "APPLICATION/JSON": true, "": true, ",": true,
		"text/html, application/json;q=0.1": true, "text/html;q=1, */*;q=0.1": true, "application/json; charset=utf-8": true,
		"application/json;q=x": true, "application/*;q=0, application/json": true, "*/*;q=0.0, application/json;q=1": true,
		"text/html": false, "application/json;q=0": false, "*/*;q=0": false, "application/*;q=0, */*": false,
		"application/problem+json": false, "application/jsonp": false,
	} {
		require.Equal(t, want, takes(http.Header{"Accept": {accept}}), accept)
	}
	require.True(t, takes(http.Header{}))
	require.True(t, takes(http.Header{"Accept": {"text/html", "application/json"}}))
}

func TestChooseOfTwo(t *testing.T) {
	t.Parallel()
	const json, html = "application/json", "text/html"
	for accept, want := range map[string]string{
		"":                               json,
		"*/*":                            json,
		"a/b":                            "",
		html:                             html,
		json:                             json,
		"*/html":                         "",
		"text/*, application/json;q=0.9": html,
		"text/html, application/json":    json,
		"text/html;q=0.5, application/json;q=0.4":                         html,
		"text/html;q=0.4, application/json;q=0.5":                         json,
		"text/html;level=1, */*;q=0.9":                                    html,
		"text/html;q=0, */*;q=0.1":                                        json,
		"application/json;q=0, */*":                                       html,
		"text/html;q=0, application/json;q=0, */*":                        "",
		"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8": html, // browsers
		"TEXT/HTML;Q=0.8, application/*;q=0.7":                            html,
		`text/html;a="x,application/json", application/json;q=0.1`:        html,
		"application/json;q=-1, text/html;q=0.001":                        html,
		"text/html;q=NaN, application/json;q=0.1":                         json,
	} {
		chosen, ok := Choose(http.Header{"Accept": {accept}}, json, html)
		require.Equal(t, want, chosen, accept)
		require.Equal(t, want != "", ok, accept)
	}
}

func TestCheckContent(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"application/json", "Application/JSON", "application/json; charset=utf-8", `application/json;charset="UTF-8"`} {
		require.NoError(t, CheckContent(http.Header{"Content-Type": {kind}, "Content-Encoding": {"identity"}}), kind)
	}
}
