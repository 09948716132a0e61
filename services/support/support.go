package support

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/text"
)

// Codes of this service.
const (
	// CaseClosed: the case is closed and takes no more messages.
	CaseClosed fault.Code = "CASE_CLOSED"
	// TooManyCases: the order has as many cases, open or in all, as it may have.
	TooManyCases fault.Code = "TOO_MANY_CASES"
	// TooManyMessages: the author's side has written as many messages as a case may have.
	TooManyMessages fault.Code = "TOO_MANY_MESSAGES"
	// KeyReused: the author used the key for another command.
	KeyReused fault.Code = "IDEMPOTENCY_KEY_REUSED"
)

// Bounds. Lengths are in characters.
const (
	MaxOpen     = 5    // cases of an order that are not closed
	MaxCases    = 50   // cases of an order
	MaxMessages = 50   // messages of each side of a case
	MaxSubject  = 200  // of a subject
	MaxText     = 4000 // of a message
	MaxPage     = 200  // cases of a page
	maxName     = 255  // of an id, a name or a key
)

// State is how far a case is.
type State string

// The states.
const (
	Open     State = "open"     // support is to answer
	Answered State = "answered" // the customer may answer
	Closed   State = "closed"
)

// Side is one side of a conversation.
type Side string

// The sides.
const (
	Customer Side = "customer"
	Staff    Side = "support"
)

// after returns the state of a case after a message of the side.
func (s Side) after() State {
	if s == Staff {
		return Answered
	}
	return Open
}

// Author is who gives a command.
type Author struct {
	Side Side `json:"side"`
	// ID is an account, or the name of a person of support. It is empty for a guest.
	ID string `json:"id,omitempty"`
}

// Message is one message of a case.
type Message struct {
	Author Author    `json:"author"`
	Text   string    `json:"text"`
	At     time.Time `json:"at"`
}

// Case is a conversation about an order.
type Case struct {
	ID    string `json:"id"`
	Order string `json:"order"`
	// Customer is the account that opened the case, empty for a guest.
	Customer string `json:"customer,omitempty"`
	Subject  string `json:"subject"`
	State    State  `json:"state"`
	// Assignee is the person of support who takes care of it, empty for none.
	Assignee  string    `json:"assignee,omitempty"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
	// Messages are those of the case, the oldest first; a list of cases is without them.
	Messages []Message `json:"messages,omitempty"`
}

// Answer adds a message to a case with all its messages. It refuses with CASE_CLOSED, and
// with TOO_MANY_MESSAGES.
func (c *Case) Answer(m Message) error {
	written := 0
	for _, earlier := range c.Messages {
		if earlier.Author.Side == m.Author.Side {
			written++
		}
	}
	switch {
	case c.State == Closed:
		return closed()
	case written >= MaxMessages:
		return fault.Errorf(fault.Business, TooManyMessages, "each side of a case writes at most %d messages", MaxMessages)
	}
	c.State, c.UpdatedAt, c.Messages = m.Author.Side.after(), m.At, append(c.Messages, m)
	return nil
}

// Assign hands the case to a person of support, or, if the name is empty, takes it back. It
// reports whether that changed anything, and refuses with CASE_CLOSED.
func (c *Case) Assign(assignee string, now time.Time) (bool, error) {
	switch {
	case c.State == Closed:
		return false, closed()
	case c.Assignee == assignee:
		return false, nil
	}
	c.Assignee, c.UpdatedAt = assignee, now
	return true, nil
}

// Close closes the case. It reports whether that changed anything.
func (c *Case) Close(now time.Time) bool {
	if c.State == Closed {
		return false
	}
	c.State, c.UpdatedAt = Closed, now
	return true
}

// Opening opens a case. Its author is the customer's side.
type Opening struct {
	Order, Key    string
	Author        Author
	Subject, Text string
}

// Validate refuses with INVALID an opening without an order, a key or an author of the
// customer's side, and a subject or a text that is empty, too long, or has a card number.
func (o Opening) Validate() error {
	if o.Author.Side != Customer {
		return invalid("a case is opened by its customer")
	}
	if err := text.Line(o.Subject); err != nil {
		return invalid("the subject %w", err)
	}
	if utf8.RuneCountInString(o.Subject) > MaxSubject {
		return invalid("the subject must have at most %d characters", MaxSubject)
	}
	if err := validNames(o.Order, o.Key); err != nil {
		return err
	}
	return Text(o.Text)
}

// Command is what every command about a case has.
type Command struct {
	// Case is the case's id; Order its order, which a customer's command must have. Any
	// case is that of an empty order.
	Case, Order, Key string
	Author           Author
}

// Validate refuses with INVALID a command without a case or a key, and one of a customer
// without an order or of support without a name.
func (c Command) Validate() error {
	switch {
	case !slices.Contains([]Side{Customer, Staff}, c.Author.Side):
		return invalid("the side %.20q is not one of customer, support", string(c.Author.Side))
	case c.Author.Side == Customer && c.Order == "":
		return invalid("a customer's command is about the case of an order")
	case c.Author.Side == Staff && c.Author.ID == "":
		return invalid("the person of support has no name")
	}
	return validNames(c.Case, c.Key)
}

// Text returns nil for the text of a message: of some lines, each as [text.Line] has it or
// empty. Otherwise it refuses with INVALID.
func Text(s string) error {
	if utf8.RuneCountInString(s) > MaxText {
		return invalid("the text must have at most %d characters", MaxText)
	}
	if text.HasCard(s) { // also over the end of a line
		return invalid("the text %w", text.ErrCard)
	}
	empty := true
	for line := range strings.SplitSeq(strings.ReplaceAll(s, "\r\n", "\n"), "\n") {
		if strings.TrimSpace(line) == "" {
			continue
		}
		empty = false
		if err := text.Line(strings.ReplaceAll(line, "\t", " ")); err != nil {
			return invalid("the text %w", err)
		}
	}
	if empty {
		return invalid("the text must not be empty")
	}
	return nil
}

// Assignee returns nil for the name of a person of support, or an empty one.
func Assignee(name string) error {
	if name == "" {
		return nil
	}
	if err := text.Line(name); err != nil {
		return invalid("the assignee %w", err)
	}
	return validNames(name)
}

// Filter selects cases. An empty field selects all.
type Filter struct {
	State    State
	Assignee string
	// After is the last id of the page before; Limit is 1 to [MaxPage].
	After string
	Limit int
}

// Validate refuses with INVALID a state that there is not, an assignee that no case has, a
// last id that is not one of a case, and a limit out of bounds.
func (f Filter) Validate() error {
	switch {
	case !slices.Contains([]State{"", Open, Answered, Closed}, f.State):
		return invalid("the state %.20q is not one of open, answered, closed", string(f.State))
	case f.After != "" && !isID(f.After):
		return invalid("the page before ended with a case, and %.40q is not the id of one", f.After)
	case f.Limit < 1 || f.Limit > MaxPage:
		return invalid("a page has 1 to %d cases", MaxPage)
	}
	return Assignee(f.Assignee)
}

func isID(s string) bool {
	id, err := uuid.Parse(s)
	return err == nil && id.String() == s
}

func closed() error {
	return fault.Errorf(fault.Business, CaseClosed, "the case is closed; open another one")
}

func validNames(all ...string) error {
	for _, name := range all {
		if name == "" || utf8.RuneCountInString(name) > maxName {
			return invalid("an id or a key must have 1 to %d characters", maxName)
		}
	}
	return nil
}

func invalid(format string, args ...any) error {
	return fault.Errorf(fault.Business, fault.Invalid, format, args...)
}
