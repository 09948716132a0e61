// Package sale has the pages up to an order: products, the cart, and the checkout.
package sale

import (
	"html/template"

	"github.com/amends/amends/web/shop/visit"
	"github.com/amends/amends/web/shop/words"
)

// Routes are the pages.
var Routes = []visit.Route{
	{Method: "GET", Path: "/{$}", Handler: browse},
	{Method: "GET", Path: "/products/{sku}", Handler: product},
	{Method: "GET", Path: "/cart", Handler: cart},
	{Method: "POST", Path: "/cart", Handler: changeCart},
	{Method: "GET", Path: "/checkout", Handler: checkout},
	{Method: "POST", Path: "/checkout", Handler: placeOrder},
}

// Functions are those of the templates.
var Functions = template.FuncMap{"tile": tile, "productpath": productPath, "query": query, "line": line}

// formLine is a field of the checkout.
type formLine struct {
	Name, Label, Type, Value, Wrong, Complete, Optional string
	Required                                            bool
}

func line(w *words.Words, form, wrong map[string]string, name, complete string, required bool) formLine {
	l := formLine{name, w.Of("label", name), "text", form[name], wrong[name], complete, w.Text("optional"), required}
	switch name {
	case "email":
		l.Type = name
	case "postal_code":
		l.Optional = "" // in some countries only
	}
	return l
}
