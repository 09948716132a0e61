package visit

import (
	"strconv"
	"strings"
	"sync"

	"github.com/amends/amends/web/look"
)

// Intents makes the idempotency keys of forms whose repeat would pay twice. The key of an
// intent stays the same until its person has seen the outcome. If the answer is lost, the form
// of a page that is loaded anew is the same request. It is safe for concurrent use.
type Intents struct {
	forms *look.Forms

	mu   sync.Mutex
	seen map[string]int // outcomes, by person and subject; one entry for each pair that had one
}

// NewIntents returns intents whose keys cannot be guessed.
func NewIntents() *Intents { return &Intents{forms: look.NewForms(nil), seen: map[string]int{}} }

// Key returns the key of a person's present intent about a subject.
func (i *Intents) Key(person, subject string) string {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.key(pair(person, subject))
}

// Seen ends the intent that has a key, because its person has seen the outcome. Of another key,
// such as that of an earlier one, it changes nothing.
func (i *Intents) Seen(person, subject, key string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if of := pair(person, subject); i.key(of) == key {
		i.seen[of]++
	}
}

func (i *Intents) key(of string) string {
	return i.forms.Token(of + "\x00" + strconv.Itoa(i.seen[of]))
}

func pair(person, subject string) string { return strings.Join([]string{person, subject}, "\x00") }
