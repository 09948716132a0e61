// Package routes has the pages of the routes that lead to a program behind the gateway, or to
// the services that replace it: their scores, and the moves from one to the other.
package routes

import (
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/web/console/ask"
	"github.com/amends/amends/web/console/visit"
	"github.com/amends/amends/web/console/words"
	"github.com/amends/amends/web/look"
)

// every is the time between two looks at the scores of a page.
const every = 2 * time.Second

// listData fills in the list of routes.
type listData struct {
	Upstreams []contract.Upstream
	Routes    []card
	Changes   []contract.RouteChange
	Problem   string // of the file of routes
	Wrong     string
}

// card is the score card of a route.
type card struct {
	Name string
	contract.Route
	Score contract.RouteScore
}

// Kind returns the kind of the route's mode.
func (c card) Kind() look.Kind {
	switch words.Deref(c.Mode) {
	case contract.RouteService:
		return look.Good
	case contract.RouteShadow, contract.RouteCanary:
		return look.Busy
	default:
		return look.Idle
	}
}

// Answers returns the mode of the route in words.
func (c card) Answers() string { return answers(c.Route) }

func answers(r contract.Route) string {
	if words.Deref(r.Mode) == contract.RouteCanary {
		return fmt.Sprintf("canary, %g %%", words.Deref(r.Percent))
	}
	return string(words.Deref(r.Mode))
}

// Compared returns how many answers were compared.
func (c card) Compared() int64 { return c.Score.Match + c.Score.Differ + c.Score.Error }

// Differing returns the share of them that differ or failed, such as "0.5 %".
func (c card) Differing() string {
	if c.Compared() == 0 {
		return "–"
	}
	return fmt.Sprintf("%.2f %%", 100*float64(c.Score.Differ+c.Score.Error)/float64(c.Compared()))
}

// Most returns the share that may differ or fail.
func (c card) Most() string {
	if c.Gate == nil {
		return "–"
	}
	return fmt.Sprintf("%g %%", 100*words.Deref(c.Gate.Differing))
}

// CutBack says when the route is given back to the program by itself.
func (c card) CutBack() string {
	switch {
	case c.Gate == nil:
		return "–"
	case words.Deref(c.Gate.Errors) >= 1:
		return "never"
	}
	g := c.Gate
	return fmt.Sprintf("when the share of failed requests is higher by %g %% at the services than at the program, of at least %d within %s; one that hangs for %s has failed",
		100*words.Deref(g.Errors), words.Deref(g.Least), words.Deref(g.Window), words.Deref(g.Slow))
}

// List answers with the list of routes.
func List(v *visit.Visit) error {
	d, err := list(v)
	if err != nil {
		return err
	}
	return v.ShowLive("routes", "Routes", visit.Below+"/routes/-/stream", d)
}

// ListStream keeps the list up to date.
func ListStream(v *visit.Visit) error {
	return v.Follow(every, func() (string, bool, error) {
		d, err := list(v)
		if err != nil {
			return "", false, err
		}
		html, err := v.Part("routes-live", d)
		return html, false, err
	})
}

func list(v *visit.Visit) (d listData, err error) {
	var all contract.Routes
	switch err := v.Admin.Get(v.Ctx(), "/v1/routes", nil, &all); {
	case ask.StatusOf(err) == http.StatusUnauthorized && err != nil:
		return d, err //nolint:wrapcheck // a problem
	case err != nil:
		d.Wrong = visit.Wrong(err)
	}
	d.Upstreams, d.Changes, d.Problem = all.Upstreams, all.Changes, words.Deref(all.Problem)
	for _, r := range all.Routes {
		d.Routes = append(d.Routes, card{r.Name, r.Route, r.Score})
	}
	return d, nil
}

func at(name string) string { return "/v1/routes/" + url.PathEscape(name) }
