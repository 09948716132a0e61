package strictjson

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/amends/amends/fault"
)

// reader walks over data that is known to follow JSON's grammar and not to nest
// too deep, so it never runs out of either.
type reader struct {
	data   []byte
	pos    int
	issues []Issue
}

func (r *reader) add(pointer string, code fault.Code, detail string) {
	if len(r.issues) < maxIssues {
		r.issues = append(r.issues, Issue{Pointer: pointer, Code: code, Detail: detail})
	}
}

// peek skips white space and returns the next byte.
func (r *reader) peek() byte {
	for strings.IndexByte(" \t\r\n", r.data[r.pos]) >= 0 {
		r.pos++
	}
	return r.data[r.pos]
}

// take is peek that also consumes the byte.
func (r *reader) take() byte {
	b := r.peek()
	r.pos++
	return b
}

func (r *reader) value(pointer string) any {
	switch r.peek() {
	case '{':
		return r.object(pointer)
	case '[':
		return r.array(pointer)
	case '"':
		return r.text(pointer)
	case 't':
		r.pos += len("true")
		return true
	case 'f':
		r.pos += len("false")
		return false
	case 'n':
		r.pos += len("null")
		return nil
	default:
		return r.number()
	}
}

func (r *reader) object(pointer string) map[string]any {
	object := map[string]any{}
	r.take()
	if r.peek() == '}' {
		r.take()
		return object
	}
	for {
		r.peek()
		key := r.text(pointer)
		child := pointer + Pointer(key)
		if _, ok := object[key]; ok {
			r.add(child, DuplicateKey, "must be given once")
		}
		r.take() // the colon
		object[key] = r.value(child)
		if r.take() == '}' {
			return object
		}
	}
}

func (r *reader) array(pointer string) []any {
	array := []any{}
	r.take()
	if r.peek() == ']' {
		r.take()
		return array
	}
	for {
		array = append(array, r.value(pointer+"/"+strconv.Itoa(len(array))))
		if r.take() == ']' {
			return array
		}
	}
}

func (r *reader) text(pointer string) string {
	end := r.pos + 1
	for r.data[end] != '"' {
		if r.data[end] == '\\' {
			end++
		}
		end++
	}
	raw := r.data[r.pos : end+1]
	r.pos = end + 1

	var s string
	if err := json.Unmarshal(raw, &s); err != nil || strings.ContainsRune(s, 0) || loneSurrogate(raw) {
		r.add(pointer, BadText, "must not contain NUL or half of a surrogate pair")
	}
	return s
}

// loneSurrogate looks for the escape of half a surrogate pair, which
// encoding/json silently replaces.
func loneSurrogate(raw []byte) bool {
	for i := 0; i < len(raw); i++ {
		if raw[i] != '\\' {
			continue
		}
		i++
		if raw[i] != 'u' {
			continue
		}
		unit := hex(raw[i+1:])
		i += 4
		switch {
		case unit >= 0xdc00 && unit <= 0xdfff:
			return true
		case unit >= 0xd800 && unit <= 0xdbff:
			rest := raw[i+1:]
			if !bytes.HasPrefix(rest, []byte(`\u`)) {
				return true
			}
			if low := hex(rest[2:]); low < 0xdc00 || low > 0xdfff {
				return true
			}
			i += len(`\uxxxx`)
		}
	}
	return false
}

func hex(digits []byte) uint64 {
	unit, err := strconv.ParseUint(string(digits[:4]), 16, 32)
	if err != nil {
		return 0 // not reached: the grammar was checked
	}
	return unit
}

func (r *reader) number() any {
	start := r.pos
	for r.pos < len(r.data) && strings.IndexByte("+-.eE0123456789", r.data[r.pos]) >= 0 {
		r.pos++
	}
	literal := string(r.data[start:r.pos])
	if n, err := strconv.ParseInt(literal, 10, 64); err == nil && literal != "-0" {
		return n
	}
	return Number(literal)
}

// escapes are those of RFC 6901. A Replacer is safe for concurrent use, and costs
// more to build than to use.
var escapes = strings.NewReplacer("~", "~0", "/", "~1")

// Pointer returns the JSON pointer (RFC 6901) of the keys on the way to a value.
func Pointer(keys ...string) string {
	var b strings.Builder
	for _, key := range keys {
		b.WriteByte('/')
		b.WriteString(escapes.Replace(key))
	}
	return b.String()
}
