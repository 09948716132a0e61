// Package strictjson reads one JSON value from an untrusted source. It refuses input
// that encoding/json tolerates: a key given twice, invalid UTF-8, a byte order mark, a
// lone surrogate, NUL, a second value after the first. Its [Limits] bound the structure
// of a value, so that the cost of reading and checking one is linear in its length.
//
// Programs read such input in different ways, so one could check another value than
// the next acts on. The grammar itself is left to encoding/json.
package strictjson

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/amends/amends/fault"
)

// Codes of an [Issue].
const (
	Empty        fault.Code = "EMPTY_BODY"
	Syntax       fault.Code = "SYNTAX"
	Encoding     fault.Code = "ENCODING"        // a byte order mark, or not UTF-8
	BadText      fault.Code = "INVALID_TEXT"    // a string with NUL or a lone surrogate
	DuplicateKey fault.Code = "DUPLICATE_FIELD" // a key twice in one object
	TooDeep      fault.Code = "TOO_DEEP"
	TooLarge     fault.Code = "TOO_LARGE" // more parts, or a longer name, than any value here has
)

// Issue is one reason why a value cannot be read.
type Issue struct {
	Pointer string // JSON pointer (RFC 6901); "" is the whole value
	Code    fault.Code
	Detail  string // safe to show: it never repeats the input
}

// Error lists every issue of a value.
type Error struct{ Issues []Issue }

// Error returns the first issue and the number of the others.
func (e *Error) Error() string {
	first := fmt.Sprintf("%q: %s", e.Issues[0].Pointer, e.Issues[0].Detail)
	if more := len(e.Issues) - 1; more > 0 {
		return fmt.Sprintf("%s (and %d more)", first, more)
	}
	return first
}

// Number is the literal of a number that is not a plain 64-bit integer: a
// fraction, an exponent, or out of range. It is a type of its own so that
// nothing takes 1e3 or 2^63 for an integer by accident.
type Number string

// maxIssues bounds the issues of an error, whatever was sent.
const maxIssues = 100

// Parse reads the one JSON value in data: nil, bool, string, int64, [Number],
// []any or map[string]any, within the limits. Every error is an [*Error].
func Parse(data []byte, limits Limits) (any, error) {
	if issue, ok := unreadable(data, limits); ok {
		return nil, &Error{Issues: []Issue{issue}}
	}
	r := &reader{data: data}
	value := r.value("")
	if len(r.issues) > 0 {
		return nil, &Error{Issues: r.issues}
	}
	return value, nil
}

// unreadable returns an issue that makes the rest of data meaningless.
func unreadable(data []byte, limits Limits) (Issue, bool) {
	switch {
	case strings.HasPrefix(string(data[:min(3, len(data))]), "\ufeff"):
		return Issue{Code: Encoding, Detail: "must not begin with a byte order mark"}, true
	case !utf8.Valid(data):
		return Issue{Code: Encoding, Detail: "must be UTF-8"}, true
	case len(strings.Trim(string(data), " \t\r\n")) == 0:
		return Issue{Code: Empty, Detail: "must be a JSON value"}, true
	}
	if issue, ok := limits.exceeded(data); ok {
		return issue, true
	}
	var raw json.RawMessage
	err := json.Unmarshal(data, &raw)
	if err == nil {
		return Issue{}, false
	}
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		return Issue{Code: Syntax, Detail: fmt.Sprintf("must be one JSON value; reading it failed at byte %d", syntax.Offset)}, true
	}
	return Issue{Code: Syntax, Detail: "must be one JSON value"}, true
}
