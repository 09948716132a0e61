package legacy

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/amends/amends/api/edge"
	"github.com/amends/amends/api/legacy/compare"
	"github.com/amends/amends/api/legacy/route"
	"github.com/amends/amends/api/legacy/score"
	"github.com/amends/amends/api/problem"
)

// HeaderDryRun makes a write one that is only tried.
const HeaderDryRun = "Amends-Dry-Run"

// copied is a request that is sent to the handlers as well, after the program has answered.
type copied struct {
	request *http.Request // detached from its client
	handle  echo.HandlerFunc
	echo    *echo.Echo
	path    string
	names   []string
	values  []string
	id      string // of the request
	live    *live
	dryRun  bool
	legacy  compare.Answer
	large   bool // the program's answer is too large to be kept
}

type copyKey struct{}

// Copy reports whether a request is a copy, which counts in no quota: its client has sent one
// request.
func Copy(ctx context.Context) bool {
	yes, _ := ctx.Value(copyKey{}).(bool)
	return yes
}

// Live returns m for live requests only.
func Live(m echo.MiddlewareFunc) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		guarded := m(next)
		return func(c echo.Context) error {
			if Copy(c.Request().Context()) {
				return next(c)
			}
			return guarded(c)
		}
	}
}

// partial are headers that ask for a part of an answer, or for none.
var partial = []string{"Range", "If-None-Match", "If-Modified-Since", "If-Match", "If-Unmodified-Since"}

// copied returns the copy of the request, nil if none is made.
func (v *visit) copied() (*copied, error) {
	r := v.c.Request()
	o := v.operation
	if v.live.Mode != route.Shadow && v.live.Mode != route.Canary || o == nil || !o.DryRun && (!o.Copied || r.Method != http.MethodGet) {
		return nil, nil //nolint:nilnil // there is none
	}
	if slices.ContainsFunc(partial, func(name string) bool { return r.Header.Get(name) != "" }) || r.ContentLength > maxBody {
		v.compared(v.live, score.Skipped, 0, score.Pair{})
		return nil, nil //nolint:nilnil // there is none
	}
	var body []byte
	if o.DryRun {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, fmt.Errorf("read a request that is tried: %w", err)
		}
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	}
	return &copied{
		request: v.detached(r, body), handle: v.next, echo: v.c.Echo(), path: v.c.Path(),
		names: slices.Clone(v.c.ParamNames()), values: slices.Clone(v.c.ParamValues()),
		id: edge.RequestID(v.c), live: v.live, dryRun: o.DryRun,
	}, nil
}

// detached returns r without the life of its client. A write is only tried.
func (v *visit) detached(r *http.Request, body []byte) *http.Request {
	out := v.forService(r).Clone(context.WithValue(context.WithoutCancel(r.Context()), copyKey{}, true))
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

// enqueue gives a copy to the workers, unless the answer cannot be compared, or too many wait.
func (v *visit) enqueue(j *copied) {
	if j.large || j.legacy.Status >= http.StatusInternalServerError || j.legacy.Status == 0 {
		v.compared(j.live, score.Skipped, 0, score.Pair{})
		return
	}
	select {
	case v.copies <- j:
	default:
		v.compared(j.live, score.Dropped, 0, score.Pair{})
	}
}

// work compares copies until ctx ends.
func (s *Switch) work(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case j := <-s.copies:
			s.compare(ctx, j)
		}
	}
}

// compare asks the handlers, and compares their answer with the program's.
func (s *Switch) compare(ctx context.Context, j *copied) {
	began := time.Now()
	answer, err := j.ask(ctx)
	took := time.Since(began)
	pair := score.Pair{At: s.config.Now(), Method: j.request.Method, Path: j.path, Legacy: compare.Redact(j.legacy.Body)}
	rules := j.live.rules
	if j.dryRun {
		rules = rules.DryRun()
	}
	switch {
	case ctx.Err() != nil: // this process stops
	case errors.Is(err, errLarge):
		s.compared(j.live, score.Skipped, took, pair)
	case gaveWay(err):
		s.compared(j.live, score.Dropped, 0, pair)
	case answer.Status >= http.StatusInternalServerError:
		pair.Differences = []compare.Difference{{Pointer: "status", Legacy: fmt.Sprint(j.legacy.Status), Service: fmt.Sprint(answer.Status)}}
		s.compared(j.live, score.Error, took, pair)
	default:
		pair.Service, pair.Differences = compare.Redact(answer.Body), rules.Differences(j.legacy, answer)
		if len(pair.Differences) > 0 {
			s.compared(j.live, score.Differ, took, pair)
		} else {
			s.compared(j.live, score.Match, took, pair)
		}
	}
}

// gaveWay reports whether the handlers refused a copy because live requests come first.
func gaveWay(err error) bool {
	if err == nil {
		return false
	}
	code := problem.Of(err).Code
	return code == problem.ReducedCapacity || code == problem.Overloaded
}

func (s *Switch) compared(l *live, r score.Result, took time.Duration, p score.Pair) {
	l.score.Compared(r, took, p)
	s.config.Observe.Compared(l.Name, string(r))
}

var (
	errLarge    = errors.New("the answer is too large")
	errPanicked = errors.New("the handler panicked")
)

// ask has the handlers answer a copy, within the route's time and the life of ctx.
func (j *copied) ask(ctx context.Context) (answer compare.Answer, err error) {
	within, cancel := context.WithTimeout(j.request.Context(), j.live.Timeout)
	defer cancel()
	defer context.AfterFunc(ctx, cancel)()
	w := &recorder{header: http.Header{echo.HeaderXRequestID: {j.id}}}
	c := j.echo.NewContext(j.request.WithContext(within), w)
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

// recorder keeps an answer.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
	large  bool
}

// Header implements [http.ResponseWriter].
func (r *recorder) Header() http.Header { return r.header }

// WriteHeader implements [http.ResponseWriter].
func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
}

// Write implements [http.ResponseWriter].
func (r *recorder) Write(p []byte) (int, error) {
	r.WriteHeader(http.StatusOK)
	if r.body.Len()+len(p) > maxBody {
		r.large = true
		return len(p), nil
	}
	return r.body.Write(p) //nolint:wrapcheck // it cannot fail
}
