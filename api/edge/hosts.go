package edge

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/amends/amends/api/problem"
)

// Hosts are the names that a server answers for, and the sites whose pages may change
// anything. They keep a page of another site from using its visitor's browser: by a name
// of its own that leads to this server (DNS rebinding), or by a request that the browser
// sends along with the visitor's cookies (CSRF).
type Hosts struct {
	any   bool
	names []string
	sites *http.CrossOriginProtection
}

// NewHosts returns hosts with names such as shop.example, *.shop.example for all names
// below it, or * for every name. This machine (localhost) and addresses need no name: a
// page reaches an address only under that address, which no other site has. origins are
// other sites whose pages are trusted, such as https://shop.example.
func NewHosts(names, origins []string) (*Hosts, error) {
	h := &Hosts{sites: http.NewCrossOriginProtection()}
	for _, n := range names {
		h.any = h.any || n == "*"
		h.names = append(h.names, strings.ToLower(n))
	}
	for _, o := range origins {
		if err := h.sites.AddTrustedOrigin(o); err != nil {
			return nil, fmt.Errorf("origin %q: %w", o, err)
		}
	}
	return h, nil
}

// answers reports whether the server answers for a Host header. Only clients of HTTP/1.0,
// which are no browsers, send none.
func (h *Hosts) answers(host string) bool {
	if host == "" || h.any {
		return true
	}
	name := host
	if n, _, err := net.SplitHostPort(host); err == nil {
		name = n
	}
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	if _, err := netip.ParseAddr(strings.Trim(name, "[]")); err == nil {
		return true
	}
	return name == "localhost" || strings.HasSuffix(name, ".localhost") || slices.ContainsFunc(h.names, func(allowed string) bool {
		below, all := strings.CutPrefix(allowed, "*")
		return name == allowed || all && strings.HasSuffix(name, below)
	})
}

// guard refuses requests for other hosts, and those that change something and come from
// pages of other sites.
func (h *Hosts) guard(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		if !h.answers(r.Host) {
			return problem.New(problem.HostUnknown, "")
		}
		if err := h.sites.Check(r); err != nil {
			return &problem.Problem{Code: problem.OriginForeign, Cause: err}
		}
		return next(c)
	}
}
