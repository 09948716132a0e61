package parameter

import (
	"github.com/getkin/kin-openapi/openapi3"
	"github.com/labstack/echo/v4"
)

// Checks returns the checks of the queries of a contract's operations.
func Checks(spec *openapi3.T) func(operation string) echo.MiddlewareFunc {
	forms := map[string]Form{}
	for _, item := range spec.Paths.Map() {
		for _, o := range item.Operations() {
			forms[o.OperationID] = Of(o)
		}
	}
	return func(operation string) echo.MiddlewareFunc {
		return func(next echo.HandlerFunc) echo.HandlerFunc {
			return func(c echo.Context) error {
				if err := forms[operation].Read(c.Request().URL.RawQuery, nil); err != nil {
					return err
				}
				return next(c)
			}
		}
	}
}
