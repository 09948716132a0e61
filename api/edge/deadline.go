package edge

import (
	"context"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/amends/amends/api/problem"
)

// HeaderTimeout has the seconds that a client waits for an answer, such as 2.5.
const HeaderTimeout = "Amends-Timeout"

// Within bounds the work for a request by the time of its route, or by the client's own if
// that is shorter. The context of the work, which every call of an engine or a service
// takes along, also ends when the client leaves.
func Within(d time.Duration) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			r := c.Request()
			wanted, err := timeout(r.Header.Values(HeaderTimeout))
			if err != nil {
				return err
			}
			bound := d
			if wanted > 0 {
				bound = min(d, wanted)
			}
			defer c.SetRequest(r) // its context ends with the client, and not with this function
			ctx, cancel := context.WithTimeout(r.Context(), bound)
			defer cancel()
			c.SetRequest(r.WithContext(ctx))
			return next(c)
		}
	}
}

// timeout returns a client's time, 0 for none.
func timeout(values []string) (time.Duration, error) {
	if len(values) == 0 {
		return 0, nil
	}
	seconds, err := strconv.ParseFloat(values[0], 64)
	d := time.Duration(min(seconds, MaxAnswer.Seconds()) * float64(time.Second)) // no answer takes longer
	if err != nil || len(values) > 1 || !(d >= time.Millisecond) {               // also false for what is no number
		return 0, problem.New(problem.BadRequest, HeaderTimeout+" must be given once, in seconds of at least 0.001.")
	}
	return d, nil
}
