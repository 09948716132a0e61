package api

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/fault"
)

func TestRefusesBadHeaders(t *testing.T) {
	t.Parallel()

	const kind, key = "Content-Type: application/json", "Idempotency-Key: k"
	for name, c := range map[string]struct {
		header []string
		status int
		code   fault.Code
	}{
		"KeyMissing":           {[]string{kind}, 400, codeKeyMissing},
		"KeyEmpty":             {[]string{kind, "Idempotency-Key: "}, 400, codeKeyInvalid},
		"KeyEmptyQuoted":       {[]string{kind, `Idempotency-Key: ""`}, 400, codeKeyInvalid},
		"Key256":               {[]string{kind, "Idempotency-Key: " + strings.Repeat("k", 256)}, 400, codeKeyInvalid},
		"KeyWithSpace":         {[]string{kind, "Idempotency-Key: a b"}, 400, codeKeyInvalid},
		"KeyQuotedWithSpace":   {[]string{kind, `Idempotency-Key: "a b"`}, 400, codeKeyInvalid},
		"KeyWithEmoji":         {[]string{kind, "Idempotency-Key: 🔑"}, 400, codeKeyInvalid},
		"KeyTwice":             {[]string{kind, key, key}, 400, codeKeyInvalid},
		"KeyUnclosed":          {[]string{kind, `Idempotency-Key: "k`}, 400, codeKeyInvalid},
		"ContentTypeMissing":   {[]string{key}, 415, codeMediaTypeUnsupported},
		"ContentTypeTwice":     {[]string{key, kind, kind}, 415, codeMediaTypeUnsupported},
		"ContentTypeText":      {[]string{key, "Content-Type: text/plain"}, 415, codeMediaTypeUnsupported},
		"ContentTypeForm":      {[]string{key, "Content-Type: application/x-www-form-urlencoded"}, 415, codeMediaTypeUnsupported},
		"ContentTypeProblem":   {[]string{key, "Content-Type: application/problem+json"}, 415, codeMediaTypeUnsupported},
		"ContentTypeMalformed": {[]string{key, "Content-Type: application/json; charset"}, 415, codeMediaTypeUnsupported},
		"CharsetLatin1":        {[]string{key, kind + "; charset=iso-8859-1"}, 415, codeMediaTypeUnsupported},
		"EncodingDeflate":      {[]string{key, kind, "Content-Encoding: deflate"}, 415, codeEncodingUnsupported},
		"AcceptsOnlyHTML":      {[]string{key, kind, "Accept: text/html"}, 406, codeNotAcceptable},
		"AcceptsAllButJSON":    {[]string{key, kind, "Accept: */*, application/json;q=0"}, 406, codeNotAcceptable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.temporal.health = nil
			b.do(t, http.MethodPost, "/v1/orders", goodBody, c.header...).refused(t, c.status, c.code)
			require.Empty(t, b.temporal.calls)
		})
	}

	t.Run("GzipBody", func(t *testing.T) {
		t.Parallel()
		var zipped bytes.Buffer
		z := gzip.NewWriter(&zipped)
		_, err := io.WriteString(z, goodBody)
		require.NoError(t, err)
		require.NoError(t, z.Close())
		b := setup(t)
		b.temporal.health = nil
		answer := b.post(t, zipped.String(), "Content-Encoding: gzip")
		answer.refused(t, http.StatusUnsupportedMediaType, codeEncodingUnsupported)
		require.Equal(t, "identity", answer.Header.Get("Accept-Encoding"))
	})
}

func TestRefusesBadAddresses(t *testing.T) {
	t.Parallel()

	for name, c := range map[string]struct {
		method, path string
		status       int
		code         fault.Code
		allow        string
	}{
		"NotAUUID":            {"GET", "/v1/orders/42", 400, codeOrderIDInvalid, ""},
		"UUIDWithBraces":      {"GET", "/v1/orders/%7B" + someOrder + "%7D", 400, codeOrderIDInvalid, ""},
		"UUIDWithoutDashes":   {"GET", "/v1/orders/" + strings.ReplaceAll(someOrder, "-", ""), 400, codeOrderIDInvalid, ""},
		"DotDot":              {"GET", "/v1/orders/%2e%2e", 400, codeOrderIDInvalid, ""},
		"DotDotSlash":         {"GET", "/v1/orders/%2e%2e%2fhealthz", 400, codeOrderIDInvalid, ""},
		"NULInPath":           {"GET", "/v1/orders/%00", 400, codeOrderIDInvalid, ""},
		"CancelNotAUUID":      {"POST", "/v1/orders/42/cancel", 400, codeOrderIDInvalid, ""},
		"TrailingSlash":       {"POST", "/v1/orders/", 404, fault.NotFound, ""},
		"GetTrailingSlash":    {"GET", "/v1/orders/" + someOrder + "/", 404, fault.NotFound, ""},
		"GetEmptyID":          {"GET", "/v1/orders/", 404, fault.NotFound, ""},
		"CancelTrailingSlash": {"POST", "/v1/orders/" + someOrder + "/cancel/", 404, fault.NotFound, ""},
		"OtherCase":           {"POST", "/V1/orders", 404, fault.NotFound, ""},
		"EscapedLetter":       {"POST", "/v1/%6frders", 404, fault.NotFound, ""},
		"PostRoot":            {"POST", "/", 405, codeMethodNotAllowed, "OPTIONS, GET, HEAD"},
		"DocsBeyond":          {"GET", "/docs/../openapi.gen.go", 404, fault.NotFound, ""},
		"GetOnOrders":         {"GET", "/v1/orders", 405, codeMethodNotAllowed, "OPTIONS, POST"},
		"DeleteOrder":         {"DELETE", "/v1/orders/" + someOrder, 405, codeMethodNotAllowed, "OPTIONS, GET, HEAD"},
		"PutOnOrders":         {"PUT", "/v1/orders", 405, codeMethodNotAllowed, "OPTIONS, POST"},
		"GetCancel":           {"GET", "/v1/orders/" + someOrder + "/cancel", 405, codeMethodNotAllowed, "OPTIONS, POST"},
		"InventedMethod":      {"BREW", "/v1/orders", 405, codeMethodNotAllowed, "OPTIONS, POST"},
		"PostHealth":          {"POST", "/healthz", 405, codeMethodNotAllowed, "OPTIONS, GET, HEAD"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.temporal.health = nil
			answer := b.do(t, c.method, c.path, "")
			answer.refused(t, c.status, c.code)
			require.Equal(t, c.allow, answer.Header.Get("Allow"))
			require.Empty(t, b.temporal.calls)
		})
	}
}

func TestRefusesBadCancelBodies(t *testing.T) {
	t.Parallel()

	for name, c := range map[string]struct {
		body, kind string
		status     int
		code       fault.Code
	}{
		"AnUnknownField": {`{"reason": "x"}`, "application/json", 400, codeMalformedBody},
		"NotAnObject":    {`[]`, "application/json", 400, codeMalformedBody},
		"NotJSON":        {`{`, "application/json", 400, codeMalformedBody},
		"ATextBody":      {`please`, "text/plain", 415, codeMediaTypeUnsupported},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.temporal.health = nil
			b.do(t, http.MethodPost, "/v1/orders/"+someOrder+"/cancel", c.body, "Content-Type: "+c.kind).refused(t, c.status, c.code)
			require.Empty(t, b.temporal.calls)
		})
	}
}
