package edge

import (
	"context"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/amends/amends/api/edge/header"
	"github.com/amends/amends/api/problem"
)

// Offer makes a route answer one of some media types, the one that its client prefers, the
// first of equals; see [Chosen]. The answer is never cached. It refuses a client that takes none
// of them before the body is read.
func Offer(kinds ...string) echo.MiddlewareFunc {
	detail := "Answers are " + strings.Join(kinds, " or ") + "."
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			c.Response().Header().Set(echo.HeaderCacheControl, "no-store")
			r := c.Request()
			kind, ok := header.Choose(r.Header, kinds...)
			if !ok {
				return problem.New(problem.NotAcceptable, detail)
			}
			if len(kinds) > 1 {
				c.Response().Header().Add(echo.HeaderVary, echo.HeaderAccept)
				c.SetRequest(answering(r, kind))
			}
			return next(c)
		}
	}
}

// ProblemWriter answers a request with a problem. The caller must not have written anything
// before.
type ProblemWriter func(p *problem.Problem, w http.ResponseWriter, r *http.Request, requestID string) error

// paged is the key of the [ProblemWriter] of a request.
const paged = "amends.problems"

// Paged has write answer the problems of a route, to clients that prefer HTML to JSON.
func Paged(write ProblemWriter) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			if kind, _ := header.Choose(c.Request().Header, echo.MIMEApplicationJSON, echo.MIMETextHTML); kind == echo.MIMETextHTML {
				c.Set(paged, write)
			}
			return next(c)
		}
	}
}

// refuse answers a request with a problem.
func refuse(c echo.Context, p *problem.Problem) error {
	if write, ok := c.Get(paged).(ProblemWriter); ok {
		return write(p, c.Response(), c.Request(), RequestID(c))
	}
	return p.Write(c.Response(), c.Request().Method == http.MethodHead, RequestID(c)) //nolint:wrapcheck // the client left
}

// chosen is the key of the media type that a route answers.
type chosen struct{}

// answering returns r, whose answer is of a media type.
func answering(r *http.Request, kind string) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), chosen{}, kind))
}

// Chosen returns the media type of the answer to a request whose route offers several, ""
// for any other request.
func Chosen(ctx context.Context) string {
	kind, _ := ctx.Value(chosen{}).(string)
	return kind
}

// Keyed requires a route's Idempotency-Key and takes its quotes away.
func Keyed(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		h := c.Request().Header
		key, err := header.Key(h)
		if err != nil {
			return err
		}
		h.Set(header.IdempotencyKey, key)
		return next(c)
	}
}

// Joined joins the headers of one name of a request: the generated code refuses a header
// that is given twice.
func Joined(name string) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			h := c.Request().Header
			if all := h.Values(name); len(all) > 1 {
				h.Set(name, strings.Join(all, ", "))
			}
			return next(c)
		}
	}
}

// HeadOnly ends the context of a HEAD request as soon as the header of its answer is
// written: a stream without a body would not end.
func HeadOnly(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		if r.Method != http.MethodHead {
			return next(c)
		}
		defer c.SetRequest(r)
		ctx, cancel := context.WithCancel(r.Context())
		defer cancel()
		c.SetRequest(r.WithContext(ctx))
		c.Response().Before(cancel)
		return next(c)
	}
}

// Router registers routes, as the generated code does, each with the middleware of
// its own.
type Router struct {
	*echo.Echo

	// Middleware returns the checks that a route's requests pass first. Nil is none.
	Middleware func(method, path string) []echo.MiddlewareFunc
}

// GET registers h for GET and HEAD.
func (r Router) GET(path string, h echo.HandlerFunc, m ...echo.MiddlewareFunc) *echo.Route {
	r.HEAD(path, h, r.with(echo.GET, path, m)...)
	return r.Echo.GET(path, h, r.with(echo.GET, path, m)...)
}

// POST registers h for POST.
func (r Router) POST(path string, h echo.HandlerFunc, m ...echo.MiddlewareFunc) *echo.Route {
	return r.Echo.POST(path, h, r.with(echo.POST, path, m)...)
}

// PUT registers h for PUT.
func (r Router) PUT(path string, h echo.HandlerFunc, m ...echo.MiddlewareFunc) *echo.Route {
	return r.Echo.PUT(path, h, r.with(echo.PUT, path, m)...)
}

// PATCH registers h for PATCH.
func (r Router) PATCH(path string, h echo.HandlerFunc, m ...echo.MiddlewareFunc) *echo.Route {
	return r.Echo.PATCH(path, h, r.with(echo.PATCH, path, m)...)
}

// DELETE registers h for DELETE.
func (r Router) DELETE(path string, h echo.HandlerFunc, m ...echo.MiddlewareFunc) *echo.Route {
	return r.Echo.DELETE(path, h, r.with(echo.DELETE, path, m)...)
}

func (r Router) with(method, path string, m []echo.MiddlewareFunc) []echo.MiddlewareFunc {
	if r.Middleware == nil {
		return m
	}
	return append(r.Middleware(method, path), m...)
}
