package waiting

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"math/rand/v2"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/amends/amends/event"
	"github.com/amends/amends/fault"
)

// New returns a letter of a group about the event e, which came as the message m, that
// has not been tried.
func New(group string, e event.Event, m event.Message, urgent bool, now time.Time) Letter {
	l := Letter{
		Group: group, Key: e.Key, ID: e.ID, Type: e.Type, Topic: clean(m.Topic),
		Header: make(map[string]string, len(m.Header)), Data: m.Data, Urgent: urgent, State: Waiting, Since: now,
	}
	for name, value := range m.Header {
		l.Header[clean(name)] = clean(value)
	}
	if l.Data == nil {
		l.Data = []byte{}
	}
	return l
}

// Read decodes a message. The event of a message that is none, or whose words no database
// can keep as text, has a key of its own, so that no other event waits behind it; then
// the error is a fault of kind bug.
func Read(m event.Message) (event.Event, error) {
	e, err := event.Decode(m)
	if err == nil && (!storable(e.ID) || !storable(e.Key)) {
		err = fault.Errorf(fault.Bug, fault.Invalid, "the id or the key of a message is not text")
	}
	if err == nil {
		return e, nil
	}
	id := m.ID
	if id == "" || !storable(id) {
		sum := sha256.Sum256(append([]byte(m.Topic+"\x00"+m.Key+"\x00"), m.Data...))
		id = hex.EncodeToString(sum[:])
	}
	return event.Event{ID: id, Key: "message " + id, Type: "unknown"}, err
}

// Retry says when a letter that failed is tried again.
type Retry struct {
	// First is the pause after the first failure; it doubles up to Most. Each pause is
	// shortened by a random part of up to half of it. The defaults are 1 s and 5 min.
	First, Most time.Duration
	// FlagAfter is for how long a letter fails before it is flagged. The default is 2 min.
	FlagAfter time.Duration
}

// WithDefaults returns r with the defaults of fields that are zero.
func (r Retry) WithDefaults() Retry {
	r.First = cmp.Or(r.First, time.Second)
	r.Most = cmp.Or(r.Most, 5*time.Minute)
	r.FlagAfter = cmp.Or(r.FlagAfter, 2*time.Minute)
	return r
}

// Fail returns the letter after an attempt that failed with err. After a bug it is parked.
func (l Letter) Fail(now time.Time, err error, r Retry) Letter {
	f := fault.Of(err)
	l.Attempts++
	l.Kind, l.Code, l.Message, l.TriedAt = f.Kind, f.Code, clean(f.Message), &now
	if f.Kind == fault.Bug {
		l.State, l.NextAt = Parked, nil
	} else {
		next := now.Add(r.pause(l.Attempts)).Truncate(time.Microsecond)
		l.State, l.NextAt = Waiting, &next
	}
	if l.FlaggedAt == nil && (l.State == Parked || now.Sub(l.Since) >= r.FlagAfter) {
		l.FlaggedAt = &now
	}
	return l
}

// Handle returns the letter after an attempt that succeeded.
func (l Letter) Handle(now time.Time) Letter {
	l.Attempts++
	l.State, l.TriedAt, l.SettledAt, l.NextAt = Handled, &now, &now, nil
	return l
}

// pause returns the time until the next attempt after the nth failure.
func (r Retry) pause(n int64) time.Duration {
	d := r.First
	for ; n > 1 && d < r.Most; n-- {
		d *= 2
	}
	d = min(d, r.Most)
	return d - rand.N(d/2+1)
}

// storable reports whether both databases can keep s as text.
func storable(s string) bool { return utf8.ValidString(s) && !strings.Contains(s, "\x00") }

func clean(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}
