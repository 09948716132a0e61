package visit

import (
	"net/http"
	"slices"
	"sync"
	"time"
)

// Note is a request that a person has made through this console.
type Note struct {
	At                    time.Time
	By, Action, Of, About string // About is an order, or a listening service
	Reason                string
	Later                 bool // it takes effect later
	Order                 bool // About is an order
}

// Journal keeps the newest requests of this process. The API keeps all of them for good: with
// the orders, the letters, the cases. It is safe for concurrent use.
type Journal struct {
	mu  sync.Mutex
	all []Note
}

const mostNotes = 500

// Add keeps a request.
func (j *Journal) Add(n Note) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.all = append(j.all, n)
	j.all = j.all[max(0, len(j.all)-mostNotes):]
}

// Newest returns the requests, the newest first.
func (j *Journal) Newest() []Note {
	j.mu.Lock()
	defer j.mu.Unlock()
	out := slices.Clone(j.all)
	slices.Reverse(out)
	return out
}

// Note keeps a request about an order that the API has answered with a status.
func (v *Visit) Note(order, action, of, reason string, status int) {
	v.Journal.Add(Note{At: v.Config.Now(), By: v.Who.Name, Action: action, Of: of, About: order, Reason: reason, Later: status == http.StatusAccepted, Order: true})
}
