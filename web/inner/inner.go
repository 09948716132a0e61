// Package inner has a handler of this process answer a request, as a transport has a server: the
// answer is read while it is written, and a panic of the handler is an error of its reader.
package inner

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"
	"sync"
)

// ErrBroken is the error of an answer that breaks off.
var ErrBroken = errors.New("the answer breaks off")

// piped is an answer that is read while it is written, so that streams work. It implements
// [http.ResponseWriter] and [http.Flusher].
type piped struct {
	header http.Header
	body   *io.PipeWriter
	once   sync.Once
	begun  chan error // nil: the header is written
	answer *http.Response
}

// Serve has a handler answer r. It returns once the header of the answer is written. The
// handler goes on until the body is read to its end, or closed, which its caller must do. A
// handler that panics breaks off its answer, as it does at a server: the error of Serve, or of
// the body, is [ErrBroken]. Panics but [http.ErrAbortHandler] are logged.
func Serve(h http.Handler, r *http.Request, log *slog.Logger) (*http.Response, error) {
	reader, writer := io.Pipe()
	w := &piped{header: http.Header{}, body: writer, begun: make(chan error, 1), answer: &http.Response{Body: reader, Request: r}}
	go func() {
		defer w.end(log)
		h.ServeHTTP(w, r)
	}()
	if err := <-w.begun; err != nil {
		return nil, err
	}
	return w.answer, nil
}

// end ends the answer of a handler that has returned or panicked. Nothing else recovers a panic
// of its goroutine, which would end the process.
func (w *piped) end(log *slog.Logger) {
	p := recover()
	if p == nil {
		w.WriteHeader(http.StatusOK) // unless it was
		_ = w.body.Close()           // it never fails
		return
	}
	if p != http.ErrAbortHandler { //nolint:errorlint,err113 // it is compared as net/http does
		log.Error("handler panicked", "type", fmt.Sprintf("%T", p), "stack", string(debug.Stack())) // its value may hold anything
	}
	_ = w.body.CloseWithError(ErrBroken) // it never fails
	w.once.Do(func() { w.begun <- ErrBroken })
}

// Header implements [http.ResponseWriter].
func (w *piped) Header() http.Header { return w.header }

// WriteHeader implements [http.ResponseWriter].
func (w *piped) WriteHeader(status int) {
	if status < http.StatusOK {
		return // it announces the answer, which is still to come
	}
	w.once.Do(func() {
		w.answer.StatusCode, w.answer.Status, w.answer.Header = status, http.StatusText(status), w.header.Clone()
		w.begun <- nil
	})
}

// Write implements [io.Writer].
func (w *piped) Write(b []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.body.Write(b) //nolint:wrapcheck // the reader has left
}

// Flush implements [http.Flusher]: nothing waits here.
func (w *piped) Flush() { w.WriteHeader(http.StatusOK) }
