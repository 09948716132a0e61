package header

import (
	"strconv"
	"strings"
	"time"
)

// MaxWait is the longest wait that a client may prefer.
const MaxWait = 30 * time.Second

// PreferredWait reads wait=N from a Prefer header (RFC 7240; several headers are
// joined by commas), and reports whether it is valid. Only the first wait counts. One
// that is not a number of seconds from 1 to 30 is ignored, like every preference that
// cannot be met.
func PreferredWait(prefer string) (time.Duration, bool) {
	for preference := range splitUnquoted(prefer, ',') {
		for token := range splitUnquoted(preference, ';') {
			name, value, _ := strings.Cut(token, "=")
			if strings.EqualFold(strings.Trim(name, " \t"), "wait") {
				return seconds(strings.Trim(value, " \t"))
			}
			break // the parameters of a preference mean nothing here
		}
	}
	return 0, false
}

func seconds(value string) (time.Duration, bool) {
	if strings.HasPrefix(value, `"`) {
		value, _ = unquote(value)
	}
	if value == "" || strings.Trim(value, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.Atoi(value)
	if err != nil || n < 1 || n > int(MaxWait.Seconds()) {
		return 0, false
	}
	return time.Duration(n) * time.Second, true
}

// splitUnquoted splits s at sep where it is outside quotes.
func splitUnquoted(s string, sep byte) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		start, quoted := 0, false
		for i := 0; i < len(s); i++ {
			switch {
			case quoted && s[i] == '\\':
				i++
			case s[i] == '"':
				quoted = !quoted
			case s[i] == sep && !quoted:
				if !yield(s[start:i]) {
					return
				}
				start = i + 1
			}
		}
		yield(s[start:])
	}
}
