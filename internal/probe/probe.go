// Package probe provides the endpoints that every process has: health, readiness,
// metrics and profiles. It knows no router; the caller mounts
// its endpoints on the admin address.
package probe

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/pprof"

	"github.com/amends/amends/fault"
)

// Probe configures the endpoints of a process.
type Probe struct {
	// Metrics serves /metrics. Nil means that the process has none.
	Metrics http.Handler
	// Profiles serves Go's profiles at /debug/pprof/.
	Profiles bool
	// Ready returns nil while the process can do its work. Its error is logged; only
	// the message of a fault is shown. Nil means that the process is always ready.
	Ready func(context.Context) error
	// Warnings returns what operators should know about a process that is ready. Nil
	// means that there is never anything.
	Warnings func() []string
}

// Endpoint answers GET requests for a path, in which {name} stands for one element.
type Endpoint struct {
	Path string
	// Serve answers, or returns a fault with code UNAVAILABLE and writes nothing.
	Serve func(http.ResponseWriter, *http.Request) error
}

// Endpoints returns /healthz and /readyz, and /metrics and /debug/pprof/ if configured.
func (p Probe) Endpoints() []Endpoint {
	all := []Endpoint{{"/healthz", healthy}, {"/readyz", p.ready}}
	if p.Metrics != nil {
		all = append(all, Endpoint{"/metrics", always(p.Metrics)})
	}
	if p.Profiles {
		all = append(all,
			Endpoint{"/debug/pprof/", always(http.HandlerFunc(pprof.Index))},
			Endpoint{"/debug/pprof/profile", always(http.HandlerFunc(pprof.Profile))},
			Endpoint{"/debug/pprof/{name}", always(http.HandlerFunc(pprof.Index))}) // heap, goroutine, …
	}
	return all
}

func always(h http.Handler) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		h.ServeHTTP(w, r)
		return nil
	}
}

func healthy(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Content-Type", "application/json")
	_, err := io.WriteString(w, `{"status":"ok"}`+"\n")
	return err //nolint:wrapcheck // the client left: there is nothing to add
}

// warn answers that the process is ready, with its warnings.
func (p Probe) warn(w http.ResponseWriter) error {
	answer := struct {
		Status   string   `json:"status"`
		Warnings []string `json:"warnings,omitempty"`
	}{Status: "ok"}
	if p.Warnings != nil {
		answer.Warnings = p.Warnings()
	}
	w.Header().Set("Content-Type", "application/json")
	return json.NewEncoder(w).Encode(answer) //nolint:wrapcheck // the client left: there is nothing to add
}

func (p Probe) ready(w http.ResponseWriter, r *http.Request) error {
	var err error
	if p.Ready != nil {
		err = p.Ready(r.Context())
	}
	if err == nil {
		return p.warn(w)
	}
	why := "Not ready."
	if f, ok := errors.AsType[*fault.Error](err); ok {
		why = f.Message
	}
	return fault.Wrap(err, fault.Transient, fault.Unavailable, why)
}
