// Package text has the rules for short texts, the same wherever one enters: in a
// request, a file, a flag or the configuration. They keep texts apart that look alike,
// and keep a text from changing what is printed around it.
//
// Length is not checked here: each field has a limit of its own. [MaxCode] is that of
// the SKUs.
package text

import (
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Errors of the rules. Their texts follow the name of a field.
var (
	ErrEncoding  = errors.New("must be UTF-8")
	ErrBlank     = errors.New("must have a visible character")
	ErrInvisible = errors.New("must have neither invisible characters nor spaces around it")
	ErrControl   = errors.New("must not contain control characters")
	ErrCard      = errors.New("must not contain the number of a card")
)

// MaxCode is the length of the longest SKU that can be ordered, in characters.
const MaxCode = 200

// Code returns nil for a code that people compare by eye, such as a SKU: it has no
// character that is not seen, and no space at either end, and is no card number.
func Code(s string) error {
	switch {
	case !utf8.ValidString(s):
		return ErrEncoding
	case IsCard(s): // first: callers that allow hidden characters refuse cards by this error
		return ErrCard
	case strings.ContainsFunc(s, hidden), strings.TrimSpace(s) != s:
		return ErrInvisible
	case !strings.ContainsFunc(s, visible):
		return ErrBlank
	}
	return nil
}

// Line returns nil for a text of one line, such as a name: something in it is seen,
// nothing in it ends the line or turns the direction of the text after it, and it has
// no card number. Most other format characters are needed in names of many scripts.
func Line(s string) error {
	switch {
	case !utf8.ValidString(s):
		return ErrEncoding
	case strings.ContainsFunc(s, Control):
		return ErrControl
	case !strings.ContainsFunc(s, visible):
		return ErrBlank
	case HasCard(s):
		return ErrCard
	}
	return nil
}

// Control reports characters that have no place on a parcel's label or in a terminal: control and
// line-breaking characters, and those that turn the direction of the text.
func Control(r rune) bool {
	return unicode.In(r, unicode.Cc, unicode.Zl, unicode.Zp) || (r >= 0x202a && r <= 0x202e) || (r >= 0x2066 && r <= 0x2069)
}

// hidden characters would make two codes look the same.
func hidden(r rune) bool {
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) || ignorable(r)
}

// visible reports whether r leaves a mark of its own. A combining mark does not, nor
// do the letters and symbols that are blank on purpose.
func visible(r rune) bool {
	return unicode.In(r, unicode.L, unicode.N, unicode.P, unicode.S) && !ignorable(r) && r != brailleBlank
}

// brailleBlank is the pattern without a dot, a symbol.
const brailleBlank = 0x2800

// ignorable reports whether r is shown as nothing though its category is that of a
// letter or a mark: fillers and variation selectors.
func ignorable(r rune) bool {
	return unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}
