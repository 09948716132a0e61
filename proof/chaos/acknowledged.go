package chaos

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"sync"
	"time"
)

// Acknowledgement is an answer that says that an order exists, or may exist.
type Acknowledgement struct {
	At     time.Time `json:"at"`
	Order  int       `json:"order"`
	ID     string    `json:"id"`
	Status int       `json:"status"` // of HTTP: 2xx, or 503 with a Location
	// Replayed says that an earlier placement made the order.
	Replayed bool `json:"replayed,omitempty"`
	// Is is the status of the order at that time, and Total its cost; empty if the
	// answer had none.
	Is    string `json:"is,omitempty"`
	Total *int64 `json:"total,omitempty"`
}

// promised reports whether the order must exist. An answer in doubt says only where it is, if
// it was placed: its customer has to ask again.
func (a Acknowledgement) promised() bool { return a.Status < http.StatusMultipleChoices }

// journal writes every acknowledgement to a file, before anything acts on it.
type journal struct {
	mu   sync.Mutex
	file *os.File
	all  []Acknowledgement
}

func newJournal(path string) (*journal, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("acknowledgements: %w", err)
	}
	return &journal{file: file}, nil
}

// write writes one.
func (j *journal) write(a Acknowledgement) error {
	a.At = time.Now().UTC()
	line, err := json.Marshal(a)
	if err != nil {
		return fmt.Errorf("acknowledgement: %w", err)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if _, err := j.file.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("acknowledgement: %w", err)
	}
	j.all = append(j.all, a)
	return nil
}

// byOrder returns the acknowledgements by the number of the order.
func (j *journal) byOrder() map[int][]Acknowledgement {
	j.mu.Lock()
	defer j.mu.Unlock()
	all := map[int][]Acknowledgement{}
	for _, a := range j.all {
		all[a.Order] = append(all[a.Order], a)
	}
	return all
}

func (j *journal) count() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return len(j.all)
}

func (j *journal) close() error { return j.file.Close() }
