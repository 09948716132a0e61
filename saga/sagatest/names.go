package sagatest

import (
	"bytes"
	"strconv"
	"time"
)

// names makes texts of two runs comparable that say the same of things which
// have other names in each run: an id that was generated becomes the number of
// its first appearance, and a time that is not the run's but the machine's
// becomes nothing.
type names struct {
	since string // the day from which on a time is the machine's
	ids   map[string]int
}

// idLen is the length of a UUID.
const idLen = 36

// dayLen is the length of a time's date.
const dayLen = len(time.DateOnly)

// write appends text to b, with numbers for ids.
func (n *names) write(b *bytes.Buffer, text []byte) {
	done, from := 0, 0
	for {
		i := bytes.IndexByte(text[from:], '-')
		if i < 0 {
			break
		}
		i += from
		from = i + 1
		if start := i - 8; start >= done && isID(text[start:]) {
			b.Write(text[done:start])
			done = start + idLen
			from = done
			n.number(b, text[start:done])
		} else if start := i - 4; start >= done {
			if length := timeLen(text[start:]); length > 0 && string(text[start:start+dayLen]) >= n.since {
				b.Write(text[done:start])
				b.WriteString("\x00t")
				done = start + length
				from = done
			}
		}
	}
	b.Write(text[done:])
}

func (n *names) number(b *bytes.Buffer, id []byte) {
	number, ok := n.ids[string(id)]
	if !ok {
		number = len(n.ids)
		n.ids[string(id)] = number
	}
	b.WriteString("\x00i")
	b.Write(strconv.AppendInt(b.AvailableBuffer(), int64(number), 10))
	b.WriteByte(0)
}

func isID(text []byte) bool {
	if len(text) < idLen {
		return false
	}
	for i, c := range text[:idLen] {
		switch i {
		case 8, 13, 18, 23:
			if c != '-' {
				return false
			}
		default:
			if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
				return false
			}
		}
	}
	return true
}

// timeLen returns the length of the time that text begins with, in RFC 3339 or
// with a space in place of its T; 0 if it does not.
func timeLen(text []byte) int {
	const shape = "0000-00-00T00:00:00"
	if len(text) < len(shape) {
		return 0
	}
	for i, c := range text[:len(shape)] {
		switch s := shape[i]; {
		case s == '0' && (c < '0' || c > '9'), s == 'T' && c != 'T' && c != ' ', (s == '-' || s == ':') && c != s:
			return 0
		}
	}
	i := len(shape)
	if i < len(text) && text[i] == '.' {
		for i++; i < len(text) && text[i] >= '0' && text[i] <= '9'; {
			i++
		}
	}
	const zone = "+00:00"
	switch {
	case i < len(text) && text[i] == 'Z':
		i++
	case i+len(zone) <= len(text) && (text[i] == '+' || text[i] == '-') && text[i+3] == ':':
		i += len(zone)
	}
	return i
}
