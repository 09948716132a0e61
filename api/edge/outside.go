package edge

import (
	"net"
	"strings"

	"github.com/labstack/echo/v4"
)

// claims are headers by which proxies and gateways tell those behind them who a client is
// or what it asked for; claimPrefixes are beginnings of such. From outside they are lies.
var (
	claims        = []string{"Forwarded", "X-Real-Ip", "X-Client-Ip", "True-Client-Ip", "X-Original-Url", "X-Original-Host", "X-Rewrite-Url", "X-Http-Method-Override"}
	claimPrefixes = []string{"X-User-", "X-Forwarded-", "X-Authenticated-", "X-Client-Cert", "X-Amends-"}
)

// outside removes the claims of a request, after it has taken the client's address from
// those of trusted proxies.
func outside(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		r.RemoteAddr = net.JoinHostPort(c.RealIP(), "0") // which is the address from now on
		for _, name := range claims {
			delete(r.Header, name)
		}
		for name := range r.Header {
			for _, prefix := range claimPrefixes {
				if strings.HasPrefix(name, prefix) {
					delete(r.Header, name)
				}
			}
		}
		return next(c)
	}
}
