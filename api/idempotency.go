package api

import (
	"net/http"
	"strings"

	"github.com/amends/amends/api/problem"
)

const (
	headerIdempotencyKey = "Idempotency-Key"
	maxIdempotencyKey    = 255
)

// idempotencyKey returns the one key in h, without its quotes.
func idempotencyKey(h http.Header) (string, error) {
	values := h.Values(headerIdempotencyKey)
	if len(values) == 0 {
		return "", problem.New(problem.KeyMissing, "")
	}
	key, ok := parseIdempotencyKey(values[0])
	if !ok || len(values) > 1 {
		return "", problem.New(problem.KeyInvalid, "")
	}
	return key, nil
}

// parseIdempotencyKey reads a key that is bare, or a quoted string as of RFC
// 8941, in which \" and \\ are escapes. Quoted and bare are the same key.
func parseIdempotencyKey(s string) (string, bool) {
	if strings.HasPrefix(s, `"`) {
		var ok bool
		if s, ok = unquote(s); !ok {
			return "", false
		}
	}
	if s == "" || len(s) > maxIdempotencyKey {
		return "", false
	}
	for i := range len(s) {
		if s[i] < '!' || s[i] > '~' {
			return "", false
		}
	}
	return s, true
}

// unquote returns what the quoted string s stands for.
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
