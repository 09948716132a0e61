package edge

import (
	"context"
	"math"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/amends/amends/api/problem"
)

// HeaderTimeout has the seconds that a client waits for an answer, such as 2.5.
const HeaderTimeout = "Amends-Timeout"

// Within bounds the work for a request by the time of its route, 0 for a stream, which has
// none, or by the client's own if that is shorter. The context of the work, which every call of an engine or a service
// takes along, also ends when the client leaves.
func Within(d time.Duration) echo.MiddlewareFunc { return bound(d).middleware }

// bound is the longest time of a route.
type bound time.Duration

func (b bound) middleware(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		wanted, err := timeout(r.Header.Values(HeaderTimeout))
		if err != nil {
			return err
		}
		if b == 0 && wanted == 0 {
			return next(c)
		}
		defer c.SetRequest(r) // its context ends with the client, and not with this function
		ctx, cancel := context.WithTimeout(r.Context(), bounded(time.Duration(b), wanted))
		defer cancel()
		c.SetRequest(r.WithContext(ctx))
		return next(c)
	}
}

// bounded returns the shorter time; 0 is none.
func bounded(a, b time.Duration) time.Duration {
	if a == 0 || b == 0 {
		return max(a, b)
	}
	return min(a, b)
}

// timeout returns a client's time, 0 if it has none.
func timeout(values []string) (time.Duration, error) {
	if len(values) == 0 {
		return 0, nil
	}
	seconds, err := strconv.ParseFloat(values[0], 64)
	if err != nil || len(values) > 1 || math.IsNaN(seconds) || seconds < 0.001 {
		return 0, problem.New(problem.BadRequest, HeaderTimeout+" must be given once, in seconds of at least 0.001.")
	}
	return time.Duration(min(seconds, MaxAnswer.Seconds()) * float64(time.Second)), nil
}
