// Package show formats the output of commands: tables for people and for pipes, JSON for
// programs. It holds the parts that all of them share; each kind of output has a package
// below this one. Their functions take a screen and a value, and do no other I/O.
//
// On a terminal a [Table] fits its width: prose wraps, ids are cut to a prefix that
// commands take, and at last the least important columns are left out, which a note says.
// Elsewhere a table is tab-separated values: a line of names, then a line for each row.
package show

import (
	"encoding/json"
	"io"
	"time"
)

// JSON writes v as indented JSON with a line break at its end.
func JSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// Stamp formats a time like the log does, so that both can be compared; "" for none.
func Stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04:05.000Z")
}

// Second is [Stamp] without the fraction.
func Second(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04:05Z")
}
