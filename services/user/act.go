package user

import (
	"context"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/amends/amends/internal/text"
)

// Act is a request of an operator, or of support, that was carried out. It is never changed,
// and stays when the account of its author is erased.
type Act struct {
	ID string    // set when it is kept; later ones are greater
	At time.Time // set when it is kept, UTC
	// By is the person or the program.
	By string
	// About is the kind of a thing and its id, such as "order 019a3f6c…".
	About string
	// Did is the deed in the words of the contract, such as "retry payment.authorize", without
	// a colon.
	Did string
	// Reason is the author's, or empty.
	Reason string
}

// Journal has the acts.
type Journal interface {
	// Keep adds an act. Every call adds another one. It refuses with INVALID.
	Keep(ctx context.Context, a Act) error

	// Acts returns the acts, the newest first, at most limit, which is 1 to 200. before is the
	// id of the last act of the page before; empty: the first page. It refuses with INVALID.
	Acts(ctx context.Context, before string, limit int) ([]Act, error)
}

// Validate refuses with INVALID an act without an author, a thing or a deed, and texts that
// are too long or not of one line.
func (a Act) Validate() error {
	for name, value := range map[string]string{"author": a.By, "thing": a.About, "deed": a.Did} {
		if err := text.Code(value); err != nil { // they have ids: digits between letters are no card
			return invalid("the %s %w", name, err)
		}
	}
	if a.Reason != "" {
		if err := text.Line(a.Reason); err != nil {
			return invalid("the reason %w", err)
		}
	}
	switch {
	case strings.Contains(a.Did, separator):
		return invalid("the deed must not contain %q", separator)
	case utf8.RuneCountInString(a.By) > maxNote, utf8.RuneCountInString(a.About) > maxNote, utf8.RuneCountInString(a.Note()) > maxNote:
		return invalid("the texts of an act must have at most %d characters", maxNote)
	}
	return nil
}

// separator stands between the deed and the reason in the note of a record.
const separator = ": "

// Note returns the deed and the reason as one text.
func (a Act) Note() string {
	if a.Reason == "" {
		return a.Did
	}
	return a.Did + separator + a.Reason
}

// ActOf returns the act of a record.
func ActOf(r Record) Act {
	did, reason, _ := strings.Cut(r.Note, separator)
	return Act{ID: r.ID, At: r.At, By: r.By, About: r.About, Did: did, Reason: reason}
}
