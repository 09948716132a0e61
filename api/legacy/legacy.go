// Package legacy moves a shop from a program behind the gateway to the services, route by
// route (a strangler fig).
//
// A [Switch] stands between the edge and the handlers. For each request it looks for a
// [route.Route], and chooses a side: legacy, the program, or service, the handlers of this
// gateway. The mode of the route decides:
//
//	legacy    the program answers
//	shadow    the program answers; the handlers get a copy later, and the answers are compared
//	canary    the handlers answer a share of the accounts, always the same ones
//	service   the handlers answer
//
// # Guarantees
//
// A write stays on its side: the switch never repeats it on the other one, where it could take
// effect a second time, and a repeat by the client, with its Idempotency-Key, comes to the
// side of the first attempt, also when the route has moved or was cut back since, for an hour
// at least: at this gateway, behind a restart, and at every other one that shares the file.
// A read that the handlers of a canary fail, or do not find, is answered by the
// program, if that can: an account that has just moved to the services finds what it has left
// behind.
//
// A copy changes nothing: it is a read, or a write that is only tried (Amends-Dry-Run). It has
// its own time, holds up no live request, and is dropped if too many wait. Requests with
// credentials are never copied.
//
// An account is on the same side at every gateway, and for all routes with the same share.
// More share keeps the accounts that are there.
//
// A route gets more requests for the services only through its gate, and loses them by itself
// when the services fail or hang more often than the program; see [Switch.Set].
//
// # Files
//
// The routes are in a file, which is read again when it changes. A content that cannot be
// used changes nothing. The journal beside it has every change by a command or by itself, and
// every edit that moves a route with a gate; gateways that share the file follow it. The folder
// FILE.pins has the keys of writes, hashed, and their sides.
package legacy

import (
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/amends/amends/api/legacy/keep"
	"github.com/amends/amends/api/legacy/pin"
	"github.com/amends/amends/api/legacy/request"
	"github.com/amends/amends/api/legacy/score"
	"github.com/amends/amends/api/legacy/shadow"
)

// Settings are those of the process. The zero Settings have no routes.
type Settings struct {
	// File is the path of the file of routes. Empty: there are none.
	File string
	// Every is the time between two looks at the file. It must be above 0.
	Every time.Duration
	// Secret signs the account of a request for the programs behind the gateway. Empty: they
	// are not told.
	Secret string
}

// Config configures a [Switch].
type Config struct {
	Settings

	// Operations are those of the services.
	Operations []request.Operation
	// Authenticate checks the credential of a request, if it has one.
	Authenticate echo.MiddlewareFunc
	// Quota limits the requests that a program answers as if the services did; operation is
	// nil for a path that the services do not have.
	Quota func(operation *request.Operation, method string) echo.MiddlewareFunc
	// Observe gets events, for metrics.
	Observe Observer
	// Log gets changes of routes, and contents of the file that are not used.
	Log *slog.Logger
	// Now is the clock.
	Now func() time.Time
}

// Observer gets events of routes. Its functions must not block.
type Observer struct {
	// Answered is called for each live request.
	Answered func(route, side string, status int, took time.Duration)
	// Compared is called for each copy.
	Compared func(route, result string)
	// CutBack is called when a route is cut back by itself.
	CutBack func(route string)
}

// Switch chooses the side of each request. It is safe for concurrent use.
type Switch struct {
	config     Config
	file       keep.File
	operations map[string]*request.Operation
	state      atomic.Pointer[state]
	copies     *shadow.Copies
	pins       *pin.Pins

	disk    sync.Mutex // one change of the file at a time; it is locked before mu
	content []byte     // of the file, as it was last looked at
	refused []byte     // the content that is not used

	mu      sync.Mutex    // one change of the state at a time; no disk is waited for under it
	problem string        // why the content is not used, "" if there is none
	pending []keep.Change // cut-backs that are in effect and not in the file yet
}

// Open returns a switch with the routes of the file. Its error says why they cannot be used.
func Open(c Config) (*Switch, error) {
	s := &Switch{config: c, file: keep.At(c.File), operations: map[string]*request.Operation{}, copies: shadow.New(c.Now, c.Observe.Compared)}
	s.pins = pin.In(c.File+".pins", c.Now(), pin.Report(c.Log))
	for i, o := range c.Operations {
		s.operations[o.Method+" "+o.Path] = &c.Operations[i]
	}
	if _, err := s.Look(); err != nil {
		return nil, err
	}
	return s, nil
}

// Middleware sends each request to its side. It must come behind the edge, and in front of the
// checks of operations.
func (s *Switch) Middleware(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		method := c.Request().Method
		if method == "HEAD" {
			method = "GET"
		}
		operation := s.operations[method+" "+c.Path()]
		state := s.state.Load()
		r, ok := state.table.Find(c.Request())
		if !ok || operation != nil && operation.Own {
			return next(c)
		}
		v := &visit{Switch: s, c: c, next: next, live: state.live[r.Name], operation: operation}
		side, err := v.decide()
		if err != nil {
			return err
		}
		c.Response().Header().Set(HeaderRoute, string(side))
		if side == score.Service {
			return v.serve()
		}
		return s.config.Quota(v.operation, method)(v.legacy)(c)
	}
}
