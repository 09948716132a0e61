package state

import (
	"bytes"
	"maps"
	"strconv"
	"time"
)

// Aliases makes the texts of two runs of a workflow comparable: it replaces each
// generated id by the number of its first appearance, and leaves out times of the
// machine's clock, rather than the run's.
type Aliases struct {
	since string // the day from which on a time is of the machine's clock
	ids   map[string]int
}

// NewAliases returns a table without an id. Times from the day since (as
// [time.DateOnly]) on are of the machine's clock.
func NewAliases(since string) Aliases { return Aliases{since: since, ids: map[string]int{}} }

// Clone returns a copy that numbers further ids by itself.
func (t Aliases) Clone() Aliases { return Aliases{since: t.since, ids: maps.Clone(t.ids)} }

// Fresh returns a table of the same machine without an id.
func (t Aliases) Fresh() Aliases { return NewAliases(t.since) }

// idLen is the length of a UUID.
const idLen = 36

// dayLen is the length of a time's date.
const dayLen = len(time.DateOnly)

// Write appends text to b, with numbers for ids.
func (t *Aliases) Write(b *bytes.Buffer, text []byte) {
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
			t.number(b, text[start:done])
		} else if start := i - 4; start >= done {
			if length := timeLen(text[start:]); length > 0 && string(text[start:start+dayLen]) >= t.since {
				b.Write(text[done:start])
				b.WriteString("\x00t")
				done = start + length
				from = done
			}
		}
	}
	b.Write(text[done:])
}

func (t *Aliases) number(b *bytes.Buffer, id []byte) {
	number, ok := t.ids[string(id)]
	if !ok {
		number = len(t.ids)
		t.ids[string(id)] = number
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
