package api

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/api/problem"
	"github.com/amends/amends/fault"
)

// TestTransport speaks to the server in bytes, where a client library would
// repair or refuse the request.
func TestTransport(t *testing.T) {
	t.Parallel()

	request := func(line string, header ...string) string {
		return line + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + strings.Join(header, "\r\n") + "\r\n\r\n"
	}
	const post = "POST /v1/orders"
	kind, key := "Content-Type: application/json", "Idempotency-Key: "+keyOne
	large := `{"payment_token": "` + strings.Repeat("x", 1<<20) + `"}`
	chunked := fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(large), large)

	for name, c := range map[string]struct {
		text   string
		status int
		code   fault.Code // "": net/http answers before we do
	}{
		"HeaderOf64KiB":         {request(post, kind, key, "X-Large: "+strings.Repeat("x", 64<<10)), 431, ""},
		"NewlineInAHeader":      {request(post, kind, "Idempotency-Key: a\nb"), 400, ""},
		"FoldedHeader":          {request(post, kind, "Idempotency-Key: a\r\n b", "Content-Length: 2") + "{}", 400, problem.KeyInvalid},
		"NULInAHeader":          {request(post, kind, "Idempotency-Key: a\x00b"), 400, ""},
		"TwoSlashes":            {request("POST //v1/orders", kind, key, "Content-Length: 2") + "{}", 404, fault.NotFound},
		"DotDotInThePath":       {request("GET /v1/orders/../orders/x"), 404, fault.NotFound},
		"BodyOverTheLimit":      {request(post, kind, key, fmt.Sprintf("Content-Length: %d", len(large))) + large, 413, problem.BodyTooLarge},
		"BodyOverTheLimitChunk": {request(post, kind, key, "Transfer-Encoding: chunked") + chunked, 413, problem.BodyTooLarge},
		"ClaimOfAHugeBody":      {request(post, kind, key, "Content-Length: 9223372036854775807"), 413, problem.BodyTooLarge},
		"TwoContentLengths":     {request(post, kind, key, "Content-Length: 2", "Content-Length: 3") + "{}", 400, ""},
		"BrokenChunks":          {request(post, kind, key, "Transfer-Encoding: chunked") + "zz\r\n", 400, problem.BadRequest},
		"NoBodyAtAll":           {request(post, kind, key), 400, problem.MalformedBody},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.temporal.health = nil
			answer := b.raw(t, c.text)
			if c.code == "" {
				require.Equal(t, c.status, answer.StatusCode)
			} else {
				answer.refused(t, c.status, c.code)
			}
			require.Empty(t, b.temporal.calls)
		})
	}

	t.Run("TakesABodyInChunks", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.temporal.place = firstWins(t)
		answer := b.raw(t, request(post, kind, key, "Transfer-Encoding: chunked")+fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(goodBody), goodBody))
		require.Equal(t, http.StatusAccepted, answer.StatusCode, answer.text)
	})
}
