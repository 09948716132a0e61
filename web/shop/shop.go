package shop

import (
	"embed"
	"html/template"
	"log/slog"
	"maps"
	"net/http"
	"slices"

	"github.com/amends/amends/web/look"
	"github.com/amends/amends/web/shop/account"
	"github.com/amends/amends/web/shop/own"
	"github.com/amends/amends/web/shop/sale"
	"github.com/amends/amends/web/shop/visit"
)

//go:embed pages parts assets
var files embed.FS

// AssetPath is the pattern of the files that pages load.
const AssetPath = "/assets/{version}/{name}"

// Routes returns the routes of the shop, without [AssetPath].
func Routes() []visit.Route { return slices.Concat(sale.Routes, own.Routes, account.Routes) }

// New returns the pages of a shop, which asks c.API; c.Look is set here. Addresses beside the
// routes have a page that says that there is nothing.
func New(c visit.Site) http.Handler {
	if c.Name == "" {
		c.Name = "Shop"
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	functions := template.FuncMap{}
	maps.Copy(functions, sale.Functions)
	maps.Copy(functions, own.Functions)
	c.Look = look.New(look.Config{Files: files, Funcs: functions})
	mux := http.NewServeMux()
	for _, route := range Routes() {
		mux.HandleFunc(route.Method+" "+route.Path, func(w http.ResponseWriter, r *http.Request) { c.Answer(w, r, route.Handler) })
	}
	mux.HandleFunc("GET "+AssetPath, c.Look.ServeAsset)
	mux.HandleFunc("GET /", func(w http.ResponseWriter, r *http.Request) { c.Answer(w, r, visit.None) })
	return look.Guard(mux)
}
