// Package edge guards every request of an HTTP address: it identifies and logs it, bounds
// its size and time, recovers from panics, and answers errors as problem documents. A
// [Router] registers the routes, each with the checks that only some of them need.
package edge

import (
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/labstack/echo/v4"
)

// MaxAnswer is the longest that any route may take to answer; see [Within].
const MaxAnswer = time.Minute

// DefaultMaxBody is the largest request body in bytes, unless configured otherwise.
const DefaultMaxBody = 1 << 20

// Limits of the HTTP server that need no configuration.
const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 30 * time.Second // of a whole request, body included
	writeTimeout      = MaxAnswer + 10*time.Second
	idleTimeout       = 2 * time.Minute
	maxHeader         = 32 << 10
)

// Config configures the edge of one address.
type Config struct {
	// Log gets requests and failures.
	Log *slog.Logger
	// MaxBody is the largest request body, in bytes.
	MaxBody int64
	// TrustedProxies are the networks whose X-Forwarded-For is believed. Empty means
	// that the client's address is the socket's.
	TrustedProxies []netip.Prefix
	// Hosts are the names that the server answers for. Nil: every name, from every site.
	Hosts *Hosts
	// Strict tells browsers to use no plain HTTP for a year, in answers over TLS.
	Strict bool
	// Operation returns the operation of a method and a route's pattern, "" for none. Nil:
	// there are none.
	Operation func(method, route string) string
	// Observe is called after every request, for metrics; it must not block. Nil means
	// that requests are neither observed nor logged, only their failures.
	Observe func(Observation)
	// Attributes returns what the access log adds to a request's route and answer. Nil
	// adds nothing.
	Attributes func(echo.Context) []slog.Attr
}

// Observation describes one answered request.
type Observation struct {
	Operation string // of the contract, or "" if none matched
	Method    string
	Route     string // the route's pattern, or "" if none matched
	Status    int
	Took      time.Duration
}

// New returns a router without routes. A request that it serves has an id, is
// logged, survives a panic, has no claims of proxies that are not trusted, and is bounded
// in size; every error becomes a problem document.
func New(c Config) *echo.Echo {
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.HTTPErrorHandler = c.fail
	e.IPExtractor = clientIP(c.TrustedProxies)
	e.Use(identify, inert, trace)
	if c.Strict {
		e.Use(strict)
	}
	if c.Observe != nil {
		e.Use(c.access)
	}
	e.Use(c.recover, outside)
	if c.Hosts != nil {
		e.Use(c.Hosts.guard)
	}
	e.Use(c.limit)
	return e
}

// NewServer returns a server for addr with the limits of this package. The caller
// starts it and shuts it down.
func NewServer(addr string, h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Addr:              addr,
		Handler:           h,
		ReadHeaderTimeout: readHeaderTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}

// clientIP returns how to find a client's address: the socket's, or what the
// trusted proxies say.
func clientIP(trusted []netip.Prefix) echo.IPExtractor {
	if len(trusted) == 0 {
		return echo.ExtractIPDirect()
	}
	options := []echo.TrustOption{echo.TrustLoopback(false), echo.TrustLinkLocal(false), echo.TrustPrivateNet(false)}
	for _, p := range trusted {
		p = p.Masked()
		options = append(options, echo.TrustIPRange(&net.IPNet{
			IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen()),
		}))
	}
	return echo.ExtractIPFromXFFHeader(options...)
}
