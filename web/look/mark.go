package look

import (
	"html/template"
	"strings"
)

// Kind is the meaning of a state for its reader. Each has a shape of its own, so that no
// state is told by its colour alone.
type Kind string

// The kinds.
const (
	Good Kind = "good" // done, and right
	Busy Kind = "busy" // goes on by itself
	Idle Kind = "idle" // has not begun, or is over without a result
	Back Kind = "back" // was undone, or is being undone
	Warn Kind = "warn" // a person should look
	Bad  Kind = "bad"  // refused, or failed
)

// shapes are the outlines of the kinds, on a square of 16.
var shapes = map[Kind]string{
	Good: "M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1Zm3.6 4.4L7.2 11 4.4 8.2l1-1L7 8.9l3.5-4.5Z",
	Busy: "M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1Zm0 1.8v10.4A5.2 5.2 0 0 1 8 2.8Z",
	Idle: "M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1Zm0 1.8a5.2 5.2 0 1 1 0 10.4A5.2 5.2 0 0 1 8 2.8Z",
	Back: "M6.2 2.2 1.4 7l4.8 4.8V8.6h3.2a2.3 2.3 0 0 1 0 4.6H8V15h1.4a4.1 4.1 0 0 0 0-8.2H6.2Z",
	Warn: "M8 .8.6 8 8 15.2 15.4 8ZM7.1 4.4h1.8v4.2H7.1Zm0 5.2h1.8v1.8H7.1Z",
	Bad:  "M1.5 1.5h13v13h-13Zm3 4.1L6.9 8l-2.4 2.4 1.1 1.1L8 9.1l2.4 2.4 1.1-1.1L9.1 8l2.4-2.4-1.1-1.1L8 6.9 5.6 4.5Z",
}

// Shape returns the outline of a kind as the path of an SVG, on a square of 16.
func Shape(k Kind) string { return shapes[k] }

// Mark returns a state for a page: the shape of its kind, and its words, which may be any
// text.
func Mark(k Kind, words string) template.HTML {
	var b strings.Builder
	b.WriteString(`<span class="mark mark-` + string(k) + `"><svg viewBox="0 0 16 16" aria-hidden="true"><path fill-rule="evenodd" d="` +
		Shape(k) + `"/></svg> `)
	template.HTMLEscape(&b, []byte(words))
	b.WriteString("</span>")
	return template.HTML(b.String()) //nolint:gosec // the words are escaped, the rest is ours
}
