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
	// Batch is the id of the batch that it is a part of, or empty: the list of all acts has
	// those alone that are of none.
	Batch string
}

// Journal has the acts.
type Journal interface {
	// Keep adds acts, 1 to 500, all or none. Every call adds others. It refuses with INVALID.
	Keep(ctx context.Context, acts ...Act) error

	// Acts returns the acts of a batch, or those of none if it is empty, the newest first, at
	// most limit, which is 1 to 200. before is the id of the last act of the page before;
	// empty: the first page. It refuses with INVALID.
	Acts(ctx context.Context, batch, before string, limit int) ([]Act, error)
}

// ValidateActs refuses with INVALID none or too many acts, and those that [Act.Validate] refuses.
func ValidateActs(acts []Act) error {
	if len(acts) == 0 || len(acts) > 500 {
		return invalid("1 to 500 acts can be kept at once")
	}
	for _, a := range acts {
		if err := a.Validate(); err != nil {
			return err
		}
	}
	return nil
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
	case len(a.Batch) > 40:
		return invalid("the id of a batch must have at most 40 bytes")
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
