package routes

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/web/console/ask"
	"github.com/amends/amends/web/console/visit"
	"github.com/amends/amends/web/console/words"
)

// routeData fills in the page of one route.
type routeData struct {
	card

	Pairs   []contract.RoutePair // of answers that differ
	Effects []effect
	Deeds   []deed
	Token   string
	Wrong   string
}

// effect is a change of the route, and whether the route is still as it wanted it.
type effect struct {
	contract.RouteChange

	Stands bool
}

// Show answers with the page of one route.
func Show(v *visit.Visit) error {
	d, err := show(v)
	if err != nil {
		return err
	}
	return v.ShowLive("route", "Route "+d.Name, visit.Below+"/routes/"+d.Name+"/stream", d)
}

// Stream keeps the page of a route up to date.
func Stream(v *visit.Visit) error {
	return v.Follow(every, func() (string, bool, error) {
		d, err := show(v)
		if err != nil {
			return "", false, err
		}
		html, err := v.Part("route-live", d)
		return html, false, err
	})
}

func show(v *visit.Visit) (d routeData, err error) {
	var one contract.RouteDetails
	var all contract.Routes
	var unlisted error
	panicked := v.Admin.Together(
		func() { err = v.Admin.Get(v.Ctx(), at(v.R.PathValue("name")), nil, &one) },
		func() { unlisted = v.Admin.Get(v.Ctx(), "/v1/routes", nil, &all) })
	if panicked != nil {
		return d, panicked //nolint:wrapcheck // it names the failure
	}
	if err != nil {
		return d, err
	}
	d.card, d.Pairs, d.Token = card{one.Name, one.Route, one.Score}, one.Differences, v.Token()
	if v.Who.Acts() {
		d.Deeds = deeds(one.Route)
	}
	if unlisted != nil {
		d.Wrong = visit.Wrong(unlisted)
	}
	for _, c := range all.Changes {
		if c.Route == one.Name {
			d.Effects = append(d.Effects, effect{c, stands(c, one.Route)})
		}
	}
	return d, nil
}

// stands reports whether a route has the mode and the share that a change gave it.
func stands(c contract.RouteChange, r contract.Route) bool {
	now := map[string]string{"mode": string(words.Deref(r.Mode)), "percent": share(words.Deref(r.Percent))}
	for _, f := range c.Changes {
		if is, compared := now[f.Field]; compared && is != f.After {
			return false
		}
	}
	return true
}

// share returns a percentage as changes write it.
func share(percent float64) string {
	if percent == 0 {
		return ""
	}
	return strconv.FormatFloat(percent, 'g', -1, 64)
}

// deed is a move of a route that an operator may ask for.
type deed struct {
	Mode         contract.RouteMode
	Verb, Effect string
	More         bool // the services get more requests than before, so the gate decides
	Back         bool
}

// moves are all deeds, in the order in which a route moves.
var moves = []deed{
	{contract.RouteLegacy, "Give it back to the program", "The program answers every request from now on, at every gateway that shares the file. The score begins anew. Orders that the services have placed are seen there as soon as they are written back.", false, true},
	{contract.RouteShadow, "Compare only", "The program answers. The services get copies of questions, which change nothing, and the answers are compared.", false, false},
	{contract.RouteCanary, "Give a share to the services", "The services answer this share of the accounts, always the same ones; the others stay with the program, and are compared. A larger share keeps the accounts of a smaller one.", true, false},
	{contract.RouteService, "Give it to the services", "The services answer every request. The program gets none, and its orders that are not imported are not found any more.", true, false},
}

// deeds returns the moves of a route to where it is not.
func deeds(r contract.Route) (all []deed) {
	for _, d := range moves {
		if d.Mode != words.Deref(r.Mode) || d.Mode == contract.RouteCanary {
			all = append(all, d)
		}
	}
	return all
}

// Act moves a route as a form asks for.
func Act(v *visit.Visit) error {
	name := v.R.PathValue("name")
	var now contract.RouteDetails
	if err := v.Admin.Get(v.Ctx(), at(name), nil, &now); err != nil {
		return err //nolint:wrapcheck // a problem
	}
	now.Route.Mode = new(contract.RouteMode(v.R.PostFormValue("mode")))
	if *now.Route.Mode == contract.RouteCanary {
		percent, err := strconv.ParseFloat(strings.ReplaceAll(v.R.PostFormValue("percent"), ",", "."), 64)
		if err != nil {
			return &ask.Problem{Problem: contract.Problem{Status: http.StatusUnprocessableEntity, Code: "VALIDATION_FAILED", Title: "The share is not a number", Detail: new("Write it like 10 or 2.5.")}}
		}
		now.Route.Percent = &percent
	}
	body := contract.SetRoute{Route: now.Route, Reason: v.R.PostFormValue("reason"), Force: new(v.R.PostFormValue("force") != "")}
	if err := v.Admin.Put(v.Ctx(), at(name), body, nil); err != nil {
		return err //nolint:wrapcheck // a problem
	}
	return v.SeeOther("/routes/" + url.PathEscape(name) + "#asked")
}
