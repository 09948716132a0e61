package look

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// slow is how long a client may take for one event; then its connection is closed.
const slow = 30 * time.Second

// Stream sends fragments to one tab, as server-sent events. A fragment is HTML, and replaces
// the element of the page that has its id, unless the reader has the focus in it or a form
// open; then it waits until that is over. The browser opens one stream for each visible tab,
// and closes it while the tab is hidden.
type Stream struct {
	w http.ResponseWriter
	c *http.ResponseController
}

// NewStream begins a stream.
func NewStream(w http.ResponseWriter) *Stream {
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no")
	w.WriteHeader(http.StatusOK)
	return &Stream{w, http.NewResponseController(w)}
}

// Fragments sends one or more elements, each with an id.
func (s *Stream) Fragments(html string) error { return s.event("fragments", html) }

// End tells the tab that nothing more comes: it closes the stream.
func (s *Stream) End() error { return s.event("end", "") }

// Leave sends the tab to another page, for example to the sign-in.
func (s *Stream) Leave(path string) error { return s.event("leave", path) }

// Beat sends a comment, so that no proxy takes the stream for dead.
func (s *Stream) Beat() error { return s.write(": beat\n\n") }

func (s *Stream) event(name, data string) error {
	lines := strings.ReplaceAll(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(data), "\n", "\ndata: ")
	return s.write("event: " + name + "\ndata: " + lines + "\n\n")
}

func (s *Stream) write(text string) error {
	if err := s.c.SetWriteDeadline(time.Now().Add(slow)); err != nil && !errors.Is(err, http.ErrNotSupported) { // no connection, as in a test
		return fmt.Errorf("bound the write: %w", err)
	}
	if _, err := s.w.Write([]byte(text)); err != nil {
		return fmt.Errorf("send an event: %w", err)
	}
	if err := s.c.Flush(); err != nil {
		return fmt.Errorf("send an event: %w", err)
	}
	return nil
}
