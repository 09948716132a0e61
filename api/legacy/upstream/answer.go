package upstream

import (
	"net/http"
	"strings"
)

// answer writes a program's answer to a client. It has a header of its own until the answer
// begins: the proxy clears it after every 1xx, and would clear the gateway's.
type answer struct {
	http.ResponseWriter

	header http.Header
	begun  bool
}

func newAnswer(w http.ResponseWriter) *answer {
	return &answer{ResponseWriter: w, header: http.Header{}}
}

// Header implements [http.ResponseWriter].
func (a *answer) Header() http.Header { return a.header }

// Unwrap lets a connection be flushed, and taken over by another protocol.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// WriteHeader implements [http.ResponseWriter]. Informational answers are left out.
func (a *answer) WriteHeader(status int) {
	if status < http.StatusOK || a.begun {
		return
	}
	a.begun = true
	merge(a.ResponseWriter.Header(), a.header)
	a.ResponseWriter.WriteHeader(status)
}

// Write implements [http.ResponseWriter].
func (a *answer) Write(p []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	return a.ResponseWriter.Write(p) //nolint:wrapcheck // it is that writer
}

// page are headers by which the gateway keeps its own answers from being taken for pages.
// A program's pages need their scripts: they go by the headers that the program sends.
var page = []string{"Content-Security-Policy", "Referrer-Policy"}

// merge adds a program's header to the gateway's. A header of both has the program's value,
// because the answer is its own.
func merge(gateway, program http.Header) {
	if kind := program.Get("Content-Type"); strings.HasPrefix(strings.ToLower(kind), "text/html") {
		for _, name := range page {
			gateway.Del(name)
		}
	}
	for name, values := range program {
		if name == "Set-Cookie" || name == "Vary" {
			gateway[name] = append(gateway[name], values...)
		} else {
			gateway[name] = values
		}
	}
}
