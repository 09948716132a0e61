package legacy

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/amends/amends/api/edge"
	"github.com/amends/amends/api/edge/caller"
	"github.com/amends/amends/api/edge/header"
	"github.com/amends/amends/api/legacy/request"
	"github.com/amends/amends/api/legacy/route"
	"github.com/amends/amends/api/legacy/score"
	"github.com/amends/amends/api/legacy/shadow"
	"github.com/amends/amends/api/legacy/upstream"
	"github.com/amends/amends/api/problem"
)

// visit is one live request of a route.
type visit struct {
	*Switch

	c         echo.Context
	next      echo.HandlerFunc // the handlers of the services
	live      *live
	operation *request.Operation // nil: the services have none
	caller    caller.Caller

	identified bool // the credential was looked at
	verified   bool // it is one of this platform
}

// timeout is how long a side may take to begin its answer: that of the route, behind the time
// for which the client prefers to wait.
func (v *visit) timeout() time.Duration {
	wait, _ := header.PreferredWait(v.c.Request().Header.Get("Prefer"))
	return v.live.Timeout + wait
}

// service has the handlers answer.
func (v *visit) service() error {
	r := v.c.Request()
	ctx, cancel := r.Context(), context.CancelFunc(func() {})
	if v.operation == nil || !v.operation.Stream {
		ctx, cancel = context.WithTimeout(ctx, v.timeout())
	}
	defer cancel()
	v.c.SetRequest(v.forService(r.WithContext(ctx)))
	began, flight, status := time.Now(), v.begin(score.Service), http.StatusInternalServerError // of a panic
	defer func() {
		flight.Begun()
		if r.Context().Err() == nil { // a client that left tells nothing about the handlers
			v.answered(flight, score.Service, status, time.Since(began))
		}
	}()
	err := v.next(v.c)
	v.c.SetRequest(r)
	status = v.c.Response().Status
	if err != nil {
		status = problem.Of(err).Status()
	}
	return err
}

// begin begins a live request. One that is in flight for too long may cut the route back.
func (v *visit) begin(by score.Side) *score.Flight {
	slow := v.live.Gate.Slow
	if v.operation != nil && v.operation.Stream {
		slow = 0
	}
	return v.live.score.Begin(by, slow, func() { v.judge(v.live) })
}

// serve has the handlers answer, and the program in their place if they fail or do not find
// what is read in a canary.
func (v *visit) serve() error {
	err := v.service()
	if err == nil || v.live.Mode != route.Canary || !request.Reads(v.c.Request()) || v.c.Response().Committed || v.c.Request().Context().Err() != nil {
		return err
	}
	if status := problem.Of(err).Status(); status >= http.StatusInternalServerError || status == http.StatusNotFound {
		return v.instead(err)
	}
	return err
}

// forService returns a request as the handlers take it: a credential of another platform is
// left out where none is needed, because the handlers refuse one that they do not know.
func (v *visit) forService(r *http.Request) *http.Request {
	r.Header.Del(HeaderRoute)
	r.Header.Del(upstream.HeaderAccount)
	if v.operation != nil && v.operation.Optional && !v.verified && request.Foreign(r.Header) {
		r = r.Clone(r.Context())
		r.Header.Del(echo.HeaderAuthorization)
	}
	return r
}

// instead has the program answer a read that the handlers have failed with failed, which
// stays the answer if the program does not have a better one.
func (v *visit) instead(failed error) error {
	v.c.Response().Header().Set(HeaderRoute, string(score.Legacy))
	if v.exchange(nil, func(status int) bool { return status < http.StatusBadRequest }) != nil {
		v.c.Response().Header().Set(HeaderRoute, string(score.Service))
		return failed
	}
	return nil
}

// legacy has the program answer, and copies the request.
func (v *visit) legacy(echo.Context) error {
	job, err := v.copied()
	if err != nil {
		return err
	}
	if err := v.exchange(job, nil); err != nil || job == nil {
		return err
	}
	v.copies.Enqueue(job)
	return nil
}

// copied returns the copy of the request, nil if none is made.
func (v *visit) copied() (*shadow.Job, error) {
	l, o := v.live, v.operation
	if l.Mode != route.Shadow && l.Mode != route.Canary || o == nil || !o.DryRun && (!o.Copied || v.c.Request().Method != http.MethodGet) {
		return nil, nil //nolint:nilnil // there is none
	}
	return v.copies.Copy(v.c, shadow.Source{ //nolint:wrapcheck // it says which read failed
		To:     shadow.Route{Name: l.Name, Timeout: l.Timeout, Rules: l.rules, Score: l.score},
		Handle: v.next, DryRun: o.DryRun, Clean: v.forService,
	})
}

// exchange sends the request to the program, and keeps a part of its answer for a copy. The
// error is the problem of a request without an answer.
func (v *visit) exchange(job *shadow.Job, wanted func(status int) bool) error {
	r, w := v.c.Request(), http.ResponseWriter(v.c.Response())
	e := upstream.Exchange{
		Timeout: v.timeout(), RequestID: edge.RequestID(v.c), Ours: !request.Foreign(r.Header), Plain: job != nil,
	}
	if v.verified && v.config.Secret != "" {
		account, err := upstream.Sign(v.config.Secret, v.live.upstream.Name(), v.caller.Account, v.config.Now())
		if err != nil {
			return err
		}
		e.Account = account
	}
	if job != nil {
		w = job.Tee(w)
	}
	began, whole, flight := time.Now(), false, v.begin(score.Legacy)
	e.Wanted = func(status int) bool {
		flight.Begun()
		return wanted == nil || wanted(status)
	}
	defer func() {
		flight.Begun()
		if !whole && r.Context().Err() == nil { // the answer broke off
			v.answered(flight, score.Legacy, http.StatusBadGateway, time.Since(began))
		}
	}()
	err := v.live.upstream.Serve(w, r, e)
	whole = true
	if r.Context().Err() != nil {
		return context.Canceled // the client left
	}
	return v.outcome(flight, err, time.Since(began))
}

// outcome counts an exchange, and returns its problem.
func (v *visit) outcome(flight *score.Flight, err error, took time.Duration) error {
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large), errors.Is(err, upstream.ErrUnwanted):
		return err // the client's fault, or the other side's problem
	case errors.Is(err, upstream.ErrTimeout):
		err = &problem.Problem{Code: problem.UpstreamTimeout, Cause: err}
	case err != nil:
		err = &problem.Problem{Code: problem.UpstreamFailed, Cause: err}
	}
	status := v.c.Response().Status
	if err != nil {
		status = problem.Of(err).Status()
	}
	v.answered(flight, score.Legacy, status, took)
	return err
}

// answered counts a live request, and cuts the route back if the services fail.
func (v *visit) answered(flight *score.Flight, side score.Side, status int, took time.Duration) {
	failed := status >= http.StatusInternalServerError
	flight.Answered(took, failed)
	v.config.Observe.Answered(v.live.Name, string(side), status, took)
	if failed && side == score.Service {
		v.judge(v.live)
	}
}
