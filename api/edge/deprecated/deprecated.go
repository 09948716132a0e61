// Package deprecated tells clients that an operation will go away, and operators who still
// calls it.
package deprecated

import (
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/amends/amends/api/edge/caller"
)

// Notice is the announcement of the end of an operation.
type Notice struct {
	Since  time.Time // clients should have stopped to call it
	Sunset time.Time // it may be gone from then on
	Link   string    // to the explanation
}

// maxConsumers bounds the consumers that are told apart, because an unproved one can give
// itself any name. Later ones count as "other", those without a name as "unknown".
const maxConsumers = 100

// Calls counts the calls of deprecated operations. It is safe for concurrent use.
type Calls struct {
	observe func(operation, consumer string)

	mu   sync.Mutex
	seen map[string]bool
}

// NewCalls returns calls that are counted by observe, which must not block.
func NewCalls(observe func(operation, consumer string)) *Calls {
	return &Calls{observe: observe, seen: map[string]bool{}}
}

// Middleware adds the fields Deprecation (RFC 9745), Sunset (RFC 8594) and Link to every
// answer of an operation, and counts its calls by consumer.
func (d *Calls) Middleware(operation string, n Notice) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			h := c.Response().Header()
			h.Set("Deprecation", fmt.Sprintf("@%d", n.Since.Unix()))
			h.Set("Sunset", n.Sunset.UTC().Format(http.TimeFormat))
			h.Add("Link", fmt.Sprintf(`<%s>; rel="deprecation"; type="text/html"`, n.Link))
			d.observe(operation, d.known(caller.Consumer(c)))
			return next(c)
		}
	}
}

func (d *Calls) known(consumer string) string {
	if consumer == "" {
		return "unknown"
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.seen[consumer] && len(d.seen) >= maxConsumers {
		return "other"
	}
	d.seen[consumer] = true
	return consumer
}
