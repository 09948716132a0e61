package api

import (
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/labstack/echo/v4"
	"go.temporal.io/sdk/client"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/internal/orders"
)

// Limits of the HTTP server that nobody needs to change.
const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 30 * time.Second // of a whole request, body included
	idleTimeout       = 2 * time.Minute
	maxHeader         = 32 << 10
	// maxAnswer is the longest that any answer takes: a placement that waits until
	// it is durable and then for the decision.
	maxAnswer    = time.Minute
	writeTimeout = maxAnswer + 10*time.Second
)

// Server answers the API's requests. It is an [http.Handler]; see [HTTPServer].
type Server struct {
	config  Config
	echo    *echo.Echo
	orders  *orders.Client
	log     *slog.Logger
	observe func(Observation)
	docs    *docs
	ready   readiness

	repairOrder *openapi3.Schema // for the admin address

	draining chan struct{} // closed once the server is to stop
	drain    sync.Once
}

var _ contract.StrictServerInterface = (*Server)(nil)

// New returns a server that asks t. It fails if c is invalid.
func New(c Config, t client.Client, options ...Option) (*Server, error) {
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("api: %w", err)
	}
	spec, err := contract.LoadPublic()
	if err != nil {
		return nil, fmt.Errorf("read the contract: %w", err)
	}
	binder, err := newBinder(spec)
	if err != nil {
		return nil, err
	}
	admin, err := contract.LoadAdmin()
	if err != nil {
		return nil, fmt.Errorf("read the admin contract: %w", err)
	}
	s := &Server{
		config:   c,
		orders:   orders.New(c.Orders, t),
		log:      slog.Default(),
		observe:  func(Observation) {},
		draining: make(chan struct{}),
	}
	for _, option := range options {
		option(s)
	}
	if s.repairOrder, err = contract.Schema(admin, "RepairOrder"); err != nil {
		return nil, err
	}
	if s.docs, err = newDocs(spec); err != nil {
		return nil, err
	}

	s.echo = newEcho(s.handleError)
	s.echo.Binder = binder
	s.echo.IPExtractor = clientIP(c.TrustedProxies)
	s.echo.Use(s.identify, s.access, s.recover, s.limit, policy)
	contract.RegisterHandlers(router{s.echo, s.negotiate}, contract.NewStrictHandler(s, nil))
	s.docs.register(s.echo)
	return s, nil
}

func newEcho(handleError echo.HTTPErrorHandler) *echo.Echo {
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.HTTPErrorHandler = handleError
	return e
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.echo.ServeHTTP(w, r) }

// Drain makes requests that only wait for a decision answer now with what they
// have, and makes the server unready. [HTTPServer] calls it on shutdown.
func (s *Server) Drain() { s.drain.Do(func() { close(s.draining) }) }

// HTTPServer returns a server for addr with the limits of the API. The caller
// starts it and shuts it down; Shutdown waits for placements, not for decisions.
func HTTPServer(addr string, s *Server) *http.Server {
	server := limited(addr, s, s.log)
	server.RegisterOnShutdown(s.Drain)
	return server
}

func limited(addr string, h http.Handler, log *slog.Logger) *http.Server {
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

// clientIP returns the socket's address, or what the trusted proxies say.
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
