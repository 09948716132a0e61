package header

import (
	"net/http"
	"strings"

	"github.com/amends/amends/api/problem"
	"github.com/amends/amends/internal/text"
)

// IdempotencyKey is the header with which a client makes repeats of a request one request.
const IdempotencyKey = "Idempotency-Key"

const maxKey = 255

// Key returns the one idempotency key in h, without its quotes. Codes:
// IDEMPOTENCY_KEY_MISSING, IDEMPOTENCY_KEY_INVALID.
func Key(h http.Header) (string, error) {
	values := h.Values(IdempotencyKey)
	if len(values) == 0 {
		return "", problem.New(problem.KeyMissing, "")
	}
	key, ok := parseKey(values[0])
	if !ok || len(values) > 1 {
		return "", problem.New(problem.KeyInvalid, "")
	}
	if text.CardDigits(key) > 0 {
		return "", problem.New(problem.KeyInvalid, "The Idempotency-Key must not be the number of a card.")
	}
	return key, nil
}

// parseKey reads a key that is bare, or a quoted string as in RFC 8941, in which \"
// and \\ are escapes. Quoted and bare are the same key.
func parseKey(s string) (string, bool) {
	if strings.HasPrefix(s, `"`) {
		var ok bool
		if s, ok = unquote(s); !ok {
			return "", false
		}
	}
	if s == "" || len(s) > maxKey {
		return "", false
	}
	for i := range len(s) {
		if s[i] < '!' || s[i] > '~' {
			return "", false
		}
	}
	return s, true
}

// unquote returns the meaning of the quoted string s.
func unquote(s string) (string, bool) {
	if len(s) < 2 || s[0] != '"' {
		return "", false
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '"':
			return b.String(), i == len(s)-1
		case '\\':
			i++
			if i == len(s) || (s[i] != '"' && s[i] != '\\') {
				return "", false
			}
		}
		b.WriteByte(s[i])
	}
	return "", false
}
