package console

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/web/console/graph"
)

// routing are the routes of a shop that is being strangled.
func (w *world) routing(get func(string, func(*http.Request) any), mux *http.ServeMux) {
	get("/v1/routes", func(*http.Request) any {
		out := contract.Routes{Upstreams: []contract.Upstream{}, Routes: []contract.ScoredRoute{}, Changes: []contract.RouteChange{}}
		if w.empty {
			return out
		}
		out.Problem = new("routes.yaml: orders/mode: is held back by the gate: 312 of 1000 answers are compared. " + canary)
		out.Upstreams = []contract.Upstream{{Name: "monolith", Addresses: []contract.UpstreamAddress{{Url: "http://10.0.0.7:8000"}, {Url: "http://10.0.0.8:8000", Open: true}}}}
		for _, name := range []string{"products", "orders", "rest"} {
			out.Routes = append(out.Routes, w.route(name))
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		for _, s := range w.set {
			out.Changes = append(out.Changes, contract.RouteChange{At: w.now, Route: "orders", By: "night", Reason: s.Reason, Forced: *s.Force, Changes: []contract.FieldChange{{Field: "mode", Before: "canary", After: string(*s.Route.Mode)}}})
		}
		out.Changes = append(out.Changes,
			contract.RouteChange{At: w.at(time.Hour), Route: "orders", By: canary, Reason: canary, Forced: true, Changes: []contract.FieldChange{{Field: "mode", Before: "legacy", After: "canary"}, {Field: "percent", After: "10"}}},
			contract.RouteChange{At: w.at(2 * time.Hour), Route: "orders", By: "gateway", Reason: "1.0000 of 20 requests of the services failed within 10s, 0.0000 of the program's", Changes: []contract.FieldChange{{Field: "mode", Before: "service", After: "legacy"}}},
		)
		return out
	})
	get("/v1/routes/{name}", func(r *http.Request) any {
		one := w.route(r.PathValue("name"))
		return contract.RouteDetails{Name: one.Name, Route: one.Route, Score: one.Score, Differences: []contract.RoutePair{{
			At: w.at(time.Minute), Method: "GET", Path: "/v1/products/:sku", Legacy: `{"name":"` + canary + `"}`, Service: "",
			Differences: []contract.RouteDifference{{Pointer: "/price/amount", Legacy: "1850", Service: "1851"}, {Pointer: "/" + canary, Legacy: canary}},
		}}}
	})
	mux.HandleFunc("PUT /v1/routes/{name}", func(rw http.ResponseWriter, r *http.Request) {
		var in contract.SetRoute
		switch {
		case json.NewDecoder(r.Body).Decode(&in) != nil || in.Reason == "" || in.Route.Upstream != "monolith":
			problem(rw, 422, "VALIDATION_FAILED")
		case *in.Route.Mode == contract.RouteService && !*in.Force:
			problem(rw, 409, "ROUTE_NOT_READY")
		default:
			w.mu.Lock()
			w.set = append(w.set, in)
			w.mu.Unlock()
			write(rw, 200, contract.RouteChanged{Route: in.Route, Changes: []contract.FieldChange{}})
		}
	})
}

func (w *world) graph() graph.Graph {
	if w.empty {
		return graph.Graph{}
	}
	return graph.Graph{
		Begins: []string{"order.placed"}, Ends: []string{"order.confirmed"}, Urgent: []string{"catalog.failed"},
		Reactions: []graph.Reaction{
			{On: "order.placed", Group: "catalog", Calls: "catalog.quote", If: "it has lines", Tells: []string{"catalog.quoted", "catalog.failed"}},
			{On: "catalog.quoted", Group: "order", Calls: "order.confirm", Tells: []string{"order.confirmed"}},
			{On: "catalog.failed", Group: "order", Calls: "order.again", Tells: []string{"order.placed"}},
		},
	}
}

func (w *world) route(name string) contract.ScoredRoute {
	r := contract.Route{
		Match: []string{"GET /v1/" + name, "GET /v1/" + name + "/{id}"}, Mode: new(contract.RouteShadow), Percent: new(0.0), Upstream: "monolith", Timeout: new("3s"),
		Gate: &contract.RouteGate{Compared: new(int64(1000)), Differing: new(0.01), Errors: new(0.05), Least: new(int64(20)), Window: new("10s"), Slow: new("5s")},
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case name == "orders" && len(w.set) > 0:
		r = w.set[len(w.set)-1].Route
	case name == "orders":
		r.Mode, r.Percent = new(contract.RouteCanary), new(10.0)
	case name == "rest":
		r.Mode = new(contract.RouteLegacy)
	}
	side := contract.RouteSide{Requests: 4711, Errors: 1, P50Ms: 3.5, P99Ms: 41.25}
	return contract.ScoredRoute{Name: name, Route: r, Score: contract.RouteScore{Match: 311, Differ: 1, Legacy: side, Service: side, Copies: side}}
}
