package ask

import (
	"io"
	"net/http"
	"sync"
)

// piped is an answer that is read while it is written, so that streams work. It implements
// [http.ResponseWriter] and [http.Flusher].
type piped struct {
	header http.Header
	body   *io.PipeWriter
	once   sync.Once
	begun  chan *http.Response
	answer *http.Response
}

// serve has a handler answer r. It returns once the header of the answer is written. The
// handler goes on until the body is read to its end, or closed.
func serve(h http.Handler, r *http.Request) *http.Response {
	reader, writer := io.Pipe()
	w := &piped{header: http.Header{}, body: writer, begun: make(chan *http.Response, 1), answer: &http.Response{Body: reader, Request: r}}
	go func() {
		defer func() {
			w.WriteHeader(http.StatusOK) // unless it was
			_ = writer.Close()           // it never fails
		}()
		h.ServeHTTP(w, r)
	}()
	return <-w.begun
}

// Header implements [http.ResponseWriter].
func (w *piped) Header() http.Header { return w.header }

// WriteHeader implements [http.ResponseWriter].
func (w *piped) WriteHeader(status int) {
	w.once.Do(func() {
		w.answer.StatusCode, w.answer.Status, w.answer.Header = status, http.StatusText(status), w.header.Clone()
		w.begun <- w.answer
	})
}

// Write implements [io.Writer].
func (w *piped) Write(b []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.body.Write(b) //nolint:wrapcheck // the reader has left
}

// Flush implements [http.Flusher]: nothing waits here.
func (w *piped) Flush() { w.WriteHeader(http.StatusOK) }
