// Package transcript keeps the output of processes and loggers, which a test reads meanwhile.
package transcript

import (
	"bytes"
	"sync"
)

// Text is a text that is read while it is written. Its zero value is empty. It is safe for
// concurrent use, and must not be copied after its first use.
type Text struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements [io.Writer]. It never fails.
func (o *Text) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p) //nolint:wrapcheck // it never fails
}

// String returns all that was written so far.
func (o *Text) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}
