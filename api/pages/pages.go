// Package pages registers the pages for people beside the operations of the public contract.
// They are none of its operations: clients must not rely on them.
package pages

import (
	"errors"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/amends/amends/api/edge"
	"github.com/amends/amends/api/edge/header"
	"github.com/amends/amends/web/shop"
	"github.com/amends/amends/web/shop/visit"
)

// Open registers the pages of a shop, which asks e as every client does. Without a shop, a
// person who opens the address in a browser is led to the contract's page.
func Open(e *echo.Echo, open bool, s visit.Site) {
	r := edge.Router{Echo: e}
	if !open {
		r.GET("/", func(c echo.Context) error { return c.Redirect(http.StatusFound, "/docs") })
		return
	}
	s.API = e
	answer := echo.WrapHandler(shop.New(s))
	for _, route := range shop.Routes() {
		if path := pattern(route.Path); route.Method == http.MethodGet {
			r.GET(path, answer)
		} else {
			r.POST(path, answer)
		}
	}
	r.GET(pattern(shop.AssetPath), answer)
	e.Use(elsewhere(answer))
}

// elsewhere has the shop answer browsers for addresses that no route has, but for those of
// operations: a person is told so on a page.
func elsewhere(answer echo.HandlerFunc) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			err := next(c)
			if !errors.Is(err, echo.ErrNotFound) && !errors.Is(err, echo.ErrMethodNotAllowed) {
				return err
			}
			r := c.Request()
			kind, _ := header.Choose(r.Header, echo.MIMEApplicationJSON, echo.MIMETextHTML)
			if kind != echo.MIMETextHTML || r.Method != http.MethodGet || strings.HasPrefix(r.URL.Path, "/v1/") {
				return err
			}
			c.Response().Header().Add(echo.HeaderVary, echo.HeaderAccept)
			return answer(c)
		}
	}
}

// pattern returns a pattern of [http.ServeMux] as Echo writes it.
func pattern(p string) string {
	return strings.NewReplacer("{$}", "", "{", ":", "}", "").Replace(p)
}
