package legacy

import (
	"github.com/labstack/echo/v4"

	"github.com/amends/amends/api/edge/caller"
	"github.com/amends/amends/api/edge/header"
	"github.com/amends/amends/api/edge/session"
	"github.com/amends/amends/api/legacy/guest"
	"github.com/amends/amends/api/legacy/request"
	"github.com/amends/amends/api/legacy/route"
	"github.com/amends/amends/api/legacy/score"
)

// HeaderRoute has the side that answered a request. In a request of an operator it asks for a
// side.
const HeaderRoute = "Amends-Route"

// scopeOperator is that of accounts that may choose a side.
const scopeOperator = "operator"

// decide returns the side that answers the request. A write whose key was sent to a side
// before stays there, also when the route has moved since.
func (v *visit) decide() (score.Side, error) {
	if v.operation.Tried(v.c.Request().Header) {
		return score.Service, nil // the program would do it
	}
	key, err := header.Key(v.c.Request().Header)
	if request.Reads(v.c.Request()) || err != nil {
		return v.choose()
	}
	side, err := v.pins.Side(key, v.config.Now(), v.choose)
	if err == nil && side == score.Legacy {
		err = v.identify() // which the choice has done, unless it was made before
	}
	return side, err
}

// choose returns the side by the route and the caller.
func (v *visit) choose() (score.Side, error) {
	h := v.c.Request().Header
	wish := h.Get(HeaderRoute)
	if v.live.Mode == route.Service && wish == "" {
		return score.Service, nil // and the handlers look at the credential
	}
	if err := v.identify(); err != nil {
		return "", err
	}
	if v.caller.Has(scopeOperator) && (wish == string(score.Legacy) || wish == string(score.Service)) {
		return score.Side(wish), nil
	}
	switch v.live.Mode {
	case route.Service:
		return score.Service, nil
	case route.Canary:
		if h.Get(caller.HeaderClaim) != "" || v.live.Takes(route.Bucket(v.who())) {
			return score.Service, nil // which alone makes claims
		}
	case route.Legacy, route.Shadow:
	}
	return score.Legacy, nil
}

// identify finds out whose the request is, if its credential is one of this platform. Such
// one must be valid, wherever it goes; those of the program are the program's to check.
func (v *visit) identify() error {
	if v.identified || v.operation != nil && v.operation.Open {
		return nil
	}
	v.identified = true
	return session.Bearer(func(c echo.Context) error {
		if h := c.Request().Header; len(h.Values(echo.HeaderAuthorization)) == 0 || request.Foreign(h) {
			return nil
		}
		return v.config.Authenticate(func(c echo.Context) error {
			v.caller, v.verified = caller.From(c.Request().Context()), true
			return nil
		})(c)
	})(v.c)
}

// who returns the account of the request, or the guest.
func (v *visit) who() string {
	if v.caller.Account != "" {
		return "account " + v.caller.Account
	}
	return "guest " + guest.ID(v.c)
}
