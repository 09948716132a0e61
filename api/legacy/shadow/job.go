package shadow

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"

	"github.com/amends/amends/api/edge"
	"github.com/amends/amends/api/legacy/compare"
	"github.com/amends/amends/api/legacy/score"
	"github.com/amends/amends/api/problem"
)

// HeaderDryRun makes a write one that is only tried.
const HeaderDryRun = "Amends-Dry-Run"

// Job is a request that is sent to the handlers as well, after the program has answered.
type Job struct {
	request *http.Request // detached from its client
	handle  echo.HandlerFunc
	echo    *echo.Echo
	path    string
	names   []string
	values  []string
	id      string // of the request
	to      Route
	dryRun  bool
	legacy  compare.Answer
	large   bool // the program's answer is too large to be kept
}

// partial are headers that ask for a part of an answer, or for none.
var partial = []string{"Range", "If-None-Match", "If-Modified-Since", "If-Match", "If-Unmodified-Since"}

// Source is a request to copy.
type Source struct {
	To     Route
	Handle echo.HandlerFunc // which answers the copy
	DryRun bool             // the request is a write, which is only tried
	// Clean returns a request as the handlers take it.
	Clean func(*http.Request) *http.Request
}

// Copy returns the copy of a live request, nil if its answers cannot be compared. The body of a
// write is read, and stays readable; the error means that this failed.
func (s *Copies) Copy(c echo.Context, of Source) (*Job, error) {
	r := c.Request()
	if slices.ContainsFunc(partial, func(name string) bool { return r.Header.Get(name) != "" }) || r.ContentLength > maxBody {
		s.compared(of.To, score.Skipped, 0, score.Pair{})
		return nil, nil //nolint:nilnil // there is none
	}
	var body []byte
	if of.DryRun {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, fmt.Errorf("read a request that is tried: %w", err)
		}
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	}
	return &Job{
		request: detached(r, of.Clean(r), body), handle: of.Handle, echo: c.Echo(), path: c.Path(),
		names: slices.Clone(c.ParamNames()), values: slices.Clone(c.ParamValues()),
		id: edge.RequestID(c), to: of.To, dryRun: of.DryRun,
	}, nil
}

// detached returns clean, the request r for the handlers, without the life of its client. A
// write is only tried.
func detached(r, clean *http.Request, body []byte) *http.Request {
	out := clean.Clone(context.WithValue(context.WithoutCancel(r.Context()), copyKey{}, true))
	out.Body, out.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	for _, name := range []string{"Prefer", edge.HeaderTimeout} { // which are about how long a client waits
		out.Header.Del(name)
	}
	out.Header.Del(HeaderDryRun)
	if r.Method != http.MethodGet {
		out.Header.Set(HeaderDryRun, "true")
	}
	return out
}

var (
	errLarge    = errors.New("the answer is too large")
	errPanicked = errors.New("the handler panicked")
)

// ask has the handlers answer a copy, within the route's time and the life of ctx.
func (j *Job) ask(ctx context.Context) (answer compare.Answer, err error) {
	within, cancel := context.WithTimeout(j.request.Context(), j.to.Timeout)
	defer cancel()
	defer context.AfterFunc(ctx, cancel)()
	w := &recorder{header: http.Header{echo.HeaderXRequestID: {j.id}}}
	c := j.echo.NewContext(j.request.WithContext(within), w) //nolint:contextcheck // within ends with ctx
	c.SetPath(j.path)
	c.SetParamNames(j.names...)
	c.SetParamValues(j.values...)
	defer func() {
		if recover() != nil { // the edge, which recovers from panics, is in front of the switch
			answer, err = compare.Answer{Status: http.StatusInternalServerError}, errPanicked
		}
	}()
	if err := j.handle(c); err != nil {
		return compare.Answer{Status: problem.Of(err).Status()}, err
	}
	if w.large {
		return compare.Answer{}, errLarge
	}
	if within.Err() != nil {
		return compare.Answer{Status: http.StatusGatewayTimeout}, nil
	}
	return compare.Answer{Status: w.status, Body: w.body.Bytes()}, nil
}
