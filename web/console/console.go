// Package console is the pages for people on call: what needs a person, orders with their
// sagas as live pictures, and the actions that the API allows, with their effect.
//
// It is a client of the contracts: every page is made of answers of operations, which are
// asked in the name of the person who has signed in, and every button calls one. So it knows
// no rules, holds no rights of its own, and shows nothing that its reader may not see.
package console

import (
	"embed"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/amends/amends/web/console/orders"
	"github.com/amends/amends/web/console/orders/batches"
	"github.com/amends/amends/web/console/platform"
	routing "github.com/amends/amends/web/console/routes"
	"github.com/amends/amends/web/console/visit"
	"github.com/amends/amends/web/console/words"
	"github.com/amends/amends/web/look"
)

//go:embed pages parts assets
var files embed.FS

// Below is the path below which the console is served.
const Below = visit.Below

// Config configures the console; Demo has the parts that only `amends dev` has, Mail is a
// mail of its mailbox, and Fault one that it can have.
type (
	Config = visit.Config
	Demo   = visit.Demo
	Mail   = visit.Mail
	Fault  = visit.Fault
)

// Page is a part of the console, to which a link at the top of every page leads.
type Page struct {
	Path, Name string
	Demo       bool // only `amends dev` has it
}

// Pages are the parts of the console, in the order of their links.
var Pages = []Page{
	{Path: "/", Name: "Home"},
	{Path: "/orders", Name: "Orders"},
	{Path: "/letters", Name: "Dead letters"},
	{Path: "/events", Name: "Events"},
	{Path: "/cases", Name: "Cases"},
	{Path: "/routes", Name: "Routes"},
	{Path: "/services", Name: "Services"},
	{Path: "/doctor", Name: "Doctor"},
	{Path: "/audit", Name: "Audit"},
	{Path: "/mail", Name: "Mail", Demo: true},
	{Path: "/load", Name: "Load", Demo: true},
}

// routes are the pages for people who have signed in, and demo those that only `amends dev`
// has.
var (
	routes = map[string]visit.Page{
		"POST /sign-out":                    visit.SignOut,
		"GET /{$}":                          platform.Home,
		"GET /stream":                       platform.HomeStream,
		"GET /orders":                       orders.List,
		"GET /orders/{id}":                  orders.Show,
		"GET /orders/{id}/stream":           orders.Stream,
		"GET /orders/{id}/data":             orders.Data,
		"GET /orders/{id}/invoice":          orders.Invoice,
		"GET /orders/{id}/act":              orders.Return,
		"POST /orders/{id}/act":             orders.Act,
		"GET /orders/{id}/refund":           orders.Return,
		"POST /orders/{id}/refund":          orders.Refund,
		"GET /batches":                      platform.Audit, // where batches are listed
		"POST /batches":                     batches.Start,
		"GET /batches/{id}":                 batches.Show,
		"GET /batches/{id}/stream":          batches.Stream,
		"POST /batches/{id}":                batches.Steer,
		"GET /audit":                        platform.Audit,
		"GET /events":                       platform.Events,
		"GET /events/graph":                 platform.Graph,
		"GET /letters":                      platform.Letters,
		"POST /letters":                     platform.DecideLetters,
		"POST /letters/redrives":            platform.RedriveAll,
		"GET /letters/redrives/{id}":        platform.Redrive,
		"GET /letters/redrives/{id}/stream": platform.RedriveStream,
		"GET /routes":                       routing.List,
		"GET /routes/-/stream":              routing.ListStream, // no route has this name
		"GET /routes/{name}":                routing.Show,
		"GET /routes/{name}/stream":         routing.Stream,
		"POST /routes/{name}/act":           routing.Act,
		"GET /services":                     platform.Services,
		"GET /doctor":                       platform.Doctor,
		"GET /doctor/{id}":                  platform.DoctorRun,
		"POST /doctor":                      platform.RunDoctor,
		"GET /cases":                        platform.Cases,
		"GET /cases/{id}":                   platform.Case,
		"POST /cases/{id}":                  platform.ChangeCase,
		"GET /":                             visit.None,
	}
	demo = map[string]visit.Page{
		"GET /mail": platform.Mails, "GET /mail/{id}": platform.Mail, "GET /load": platform.Load, "POST /load": platform.Place,
		"GET /load/stream": platform.LoadStream, "POST /load/faults": platform.Disturb,
	}
)

// New returns the console of c. It is safe for concurrent use.
func New(c Config) http.Handler {
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	var nav []look.Link
	for _, p := range Pages {
		if !p.Demo || c.Demo != nil {
			nav = append(nav, look.Link{Href: p.Path, Text: p.Name})
		}
	}
	pages := look.New(look.Config{Base: Below, Files: files, Funcs: words.Funcs(c.Now, Below)})
	s := visit.NewSite(c, pages, nav)
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+Below+"/assets/", pages.ServeAsset)
	mux.HandleFunc("GET "+Below+"/sign-in", s.ShowSignIn)
	mux.HandleFunc("POST "+Below+"/sign-in", s.SignIn)
	add(mux, s, routes)
	if c.Demo != nil {
		add(mux, s, demo)
	}
	return look.Guard(mux)
}

func add(mux *http.ServeMux, s *visit.Site, all map[string]visit.Page) {
	for pattern, page := range all {
		method, path, _ := strings.Cut(pattern, " ")
		mux.HandleFunc(method+" "+Below+path, s.SignedIn(page))
	}
}
