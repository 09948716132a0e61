package routes

import (
	"time"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/api/legacy"
	"github.com/amends/amends/api/legacy/keep"
	"github.com/amends/amends/api/legacy/route"
	"github.com/amends/amends/api/legacy/score"
)

// parse returns the route of a body, with the defaults for fields that are left out.
func parse(name string, in contract.Route) (r route.Route, wrong route.Problems) {
	r = route.New()
	r.Name, r.Match, r.Upstream = name, in.Match, in.Upstream
	if in.Mode != nil {
		r.Mode = route.Mode(*in.Mode)
	}
	if in.Percent != nil {
		r.Percent = *in.Percent
	}
	if c := in.Compare; c != nil {
		r.Compare = route.Compare{Ignore: value(c.Ignore), Unordered: value(c.Unordered), Tolerance: value(c.Tolerance)}
	}
	duration := func(field string, text *string, into *time.Duration) {
		if text == nil {
			return
		}
		var err error
		if *into, err = time.ParseDuration(*text); err != nil {
			wrong = append(wrong, route.Problem{Route: name, Field: field, Rule: "must be a duration such as 500ms or 3s"})
		}
	}
	duration("/timeout", in.Timeout, &r.Timeout)
	if g := in.Gate; g != nil {
		set(&r.Gate.Differing, g.Differing)
		set(&r.Gate.Errors, g.Errors)
		number(&r.Gate.Compared, g.Compared)
		number(&r.Gate.Least, g.Least)
		duration("/gate/window", g.Window, &r.Gate.Window)
		duration("/gate/slow", g.Slow, &r.Gate.Slow)
	}
	return r, wrong
}

func value[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

func set[T any](into, from *T) {
	if from != nil {
		*into = *from
	}
}

func number(into *int, from *int64) {
	if from != nil {
		*into = int(*from) // its schema bounds it
	}
}

// definition renders a route as a body has it, with every field.
func definition(r route.Route) contract.Route {
	out := contract.Route{
		Match: r.Match, Mode: new(contract.RouteMode(r.Mode)), Percent: new(r.Percent), Upstream: r.Upstream, Timeout: new(r.Timeout.String()),
		Gate: &contract.RouteGate{
			Compared: new(int64(r.Gate.Compared)), Differing: new(r.Gate.Differing), Errors: new(r.Gate.Errors),
			Least: new(int64(r.Gate.Least)), Window: new(r.Gate.Window.String()), Slow: new(r.Gate.Slow.String()),
		},
	}
	if c := r.Compare; len(c.Ignore)+len(c.Unordered)+len(c.Tolerance) > 0 {
		out.Compare = &contract.RouteCompare{}
		if len(c.Ignore) > 0 {
			out.Compare.Ignore = &c.Ignore
		}
		if len(c.Unordered) > 0 {
			out.Compare.Unordered = &c.Unordered
		}
		if len(c.Tolerance) > 0 {
			out.Compare.Tolerance = &c.Tolerance
		}
	}
	return out
}

func summary(s score.Summary) contract.RouteScore {
	return contract.RouteScore{
		Match: s.Results[score.Match], Differ: s.Results[score.Differ], Error: s.Results[score.Error],
		Dropped: s.Results[score.Dropped], Skipped: s.Results[score.Skipped],
		Legacy: side(s.Legacy), Service: side(s.Service), Copies: side(s.Copies),
	}
}

func side(l score.Live) contract.RouteSide {
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	return contract.RouteSide{Requests: l.Requests, Errors: l.Errors, P50Ms: ms(l.P50), P99Ms: ms(l.P99)}
}

func differences(pairs []score.Pair) []contract.RoutePair {
	all := []contract.RoutePair{}
	for _, p := range pairs {
		one := contract.RoutePair{At: p.At.UTC(), Method: p.Method, Path: p.Path, Legacy: p.Legacy, Service: p.Service, Differences: []contract.RouteDifference{}}
		for _, d := range p.Differences {
			one.Differences = append(one.Differences, contract.RouteDifference{Pointer: d.Pointer, Legacy: d.Legacy, Service: d.Service})
		}
		all = append(all, one)
	}
	return all
}

func fields(changes []route.Difference) []contract.FieldChange {
	all := []contract.FieldChange{}
	for _, d := range changes {
		all = append(all, contract.FieldChange{Field: d.Field, Before: d.Before, After: d.After})
	}
	return all
}

func journal(entries []keep.Change) []contract.RouteChange {
	all := []contract.RouteChange{}
	for _, c := range entries {
		all = append(all, contract.RouteChange{At: c.At, Route: c.Route, By: c.By, Reason: c.Reason, Forced: c.Forced, Changes: fields(c.Differences)})
	}
	return all
}

func overview(o legacy.Overview) contract.Routes {
	out := contract.Routes{Upstreams: []contract.Upstream{}, Routes: []contract.ScoredRoute{}, Changes: journal(o.Changes)}
	for _, u := range o.Upstreams {
		one := contract.Upstream{Name: u.Name, Addresses: []contract.UpstreamAddress{}}
		for _, a := range u.Addresses {
			one.Addresses = append(one.Addresses, contract.UpstreamAddress{Url: a.URL, Open: a.Open})
		}
		out.Upstreams = append(out.Upstreams, one)
	}
	for _, v := range o.Routes {
		out.Routes = append(out.Routes, contract.ScoredRoute{Name: v.Name, Route: definition(v.Route), Score: summary(v.Score)})
	}
	if o.Problem != "" {
		out.Problem = &o.Problem
	}
	return out
}
