package api

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/api/problem"
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
		"KeyMissing":           {[]string{kind}, 400, problem.KeyMissing},
		"KeyEmpty":             {[]string{kind, "Idempotency-Key: "}, 400, problem.KeyInvalid},
		"KeyEmptyQuoted":       {[]string{kind, `Idempotency-Key: ""`}, 400, problem.KeyInvalid},
		"Key256":               {[]string{kind, "Idempotency-Key: " + strings.Repeat("k", 256)}, 400, problem.KeyInvalid},
		"KeyWithSpace":         {[]string{kind, "Idempotency-Key: a b"}, 400, problem.KeyInvalid},
		"KeyQuotedWithSpace":   {[]string{kind, `Idempotency-Key: "a b"`}, 400, problem.KeyInvalid},
		"KeyWithEmoji":         {[]string{kind, "Idempotency-Key: 🔑"}, 400, problem.KeyInvalid},
		"KeyTwice":             {[]string{kind, key, key}, 400, problem.KeyInvalid},
		"KeyUnclosed":          {[]string{kind, `Idempotency-Key: "k`}, 400, problem.KeyInvalid},
		"KeyCard":              {[]string{kind, "Idempotency-Key: 4111-1111-1111-1111"}, 400, problem.KeyInvalid},
		"ContentTypeMissing":   {[]string{key}, 415, problem.MediaTypeUnsupported},
		"ContentTypeTwice":     {[]string{key, kind, kind}, 415, problem.MediaTypeUnsupported},
		"ContentTypeText":      {[]string{key, "Content-Type: text/plain"}, 415, problem.MediaTypeUnsupported},
		"ContentTypeForm":      {[]string{key, "Content-Type: application/x-www-form-urlencoded"}, 415, problem.MediaTypeUnsupported},
		"ContentTypeProblem":   {[]string{key, "Content-Type: application/problem+json"}, 415, problem.MediaTypeUnsupported},
		"ContentTypeMalformed": {[]string{key, "Content-Type: application/json; charset"}, 415, problem.MediaTypeUnsupported},
		"CharsetLatin1":        {[]string{key, kind + "; charset=iso-8859-1"}, 415, problem.MediaTypeUnsupported},
		"EncodingDeflate":      {[]string{key, kind, "Content-Encoding: deflate"}, 415, problem.EncodingUnsupported},
		"AcceptsOnlyHTML":      {[]string{key, kind, "Accept: text/html"}, 406, problem.NotAcceptable},
		"AcceptsAllButJSON":    {[]string{key, kind, "Accept: */*, application/json;q=0"}, 406, problem.NotAcceptable},
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
		answer.refused(t, http.StatusUnsupportedMediaType, problem.EncodingUnsupported)
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
		"NotAUUID":            {"GET", "/v1/orders/42", 400, problem.OrderIDInvalid, ""},
		"UUIDWithBraces":      {"GET", "/v1/orders/%7B" + someOrder + "%7D", 400, problem.OrderIDInvalid, ""},
		"UUIDWithoutDashes":   {"GET", "/v1/orders/" + strings.ReplaceAll(someOrder, "-", ""), 400, problem.OrderIDInvalid, ""},
		"DotDot":              {"GET", "/v1/orders/%2e%2e", 400, problem.OrderIDInvalid, ""},
		"DotDotSlash":         {"GET", "/v1/orders/%2e%2e%2fhealthz", 400, problem.OrderIDInvalid, ""},
		"NULInPath":           {"GET", "/v1/orders/%00", 400, problem.OrderIDInvalid, ""},
		"CancelNotAUUID":      {"POST", "/v1/orders/42/cancel", 400, problem.OrderIDInvalid, ""},
		"TrailingSlash":       {"POST", "/v1/orders/", 404, fault.NotFound, ""},
		"GetTrailingSlash":    {"GET", "/v1/orders/" + someOrder + "/", 404, fault.NotFound, ""},
		"GetEmptyID":          {"GET", "/v1/orders/", 404, fault.NotFound, ""},
		"CancelTrailingSlash": {"POST", "/v1/orders/" + someOrder + "/cancel/", 404, fault.NotFound, ""},
		"OtherCase":           {"POST", "/V1/orders", 404, fault.NotFound, ""},
		"EscapedLetter":       {"POST", "/v1/%6frders", 404, fault.NotFound, ""},
		"PostRoot":            {"POST", "/", 405, problem.MethodNotAllowed, "OPTIONS, GET, HEAD"},
		"DocsBeyond":          {"GET", "/docs/../openapi.gen.go", 404, fault.NotFound, ""},
		"DeleteOrder":         {"DELETE", "/v1/orders/" + someOrder, 405, problem.MethodNotAllowed, "OPTIONS, GET, HEAD"},
		"PutOnOrders":         {"PUT", "/v1/orders", 405, problem.MethodNotAllowed, "OPTIONS, GET, HEAD, POST"},
		"GetCancel":           {"GET", "/v1/orders/" + someOrder + "/cancel", 405, problem.MethodNotAllowed, "OPTIONS, POST"},
		"InventedMethod":      {"BREW", "/v1/orders", 405, problem.MethodNotAllowed, "OPTIONS, GET, HEAD, POST"},
		"PostHealth":          {"POST", "/healthz", 405, problem.MethodNotAllowed, "OPTIONS, GET, HEAD"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.temporal.health = nil
			answer := b.do(t, c.method, c.path, "", "Content-Type: application/json")
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
		"AnUnknownField": {`{"reason": "x"}`, "application/json", 400, problem.MalformedBody},
		"NotAnObject":    {`[]`, "application/json", 400, problem.MalformedBody},
		"NotJSON":        {`{`, "application/json", 400, problem.MalformedBody},
		"ATextBody":      {`please`, "text/plain", 415, problem.MediaTypeUnsupported},
		// Any web page can make its reader's browser send these two.
		"NothingAtAll": {"", "", 415, problem.MediaTypeUnsupported},
		"AForm":        {"", "application/x-www-form-urlencoded", 415, problem.MediaTypeUnsupported},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.temporal.health = nil
			var header []string
			if c.kind != "" {
				header = []string{"Content-Type: " + c.kind}
			}
			b.do(t, http.MethodPost, "/v1/orders/"+someOrder+"/cancel", c.body, header...).refused(t, c.status, c.code)
			require.Empty(t, b.temporal.calls)
		})
	}
}
