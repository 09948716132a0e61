// Package own has the pages of a visitor's own orders: the list, one order, live until it is
// decided, and the questions about it.
package own

import (
	"html/template"
	"net/url"

	"github.com/amends/amends/api/client"
	"github.com/amends/amends/web/look"
	"github.com/amends/amends/web/shop/visit"
)

// Routes are the pages.
var Routes = []visit.Route{
	{Method: "GET", Path: "/orders", Handler: orders},
	{Method: "POST", Path: "/orders", Handler: findOrder},
	{Method: "GET", Path: "/orders/{id}", Handler: order},
	{Method: "GET", Path: "/orders/{id}/live", Handler: live},
	{Method: "GET", Path: "/orders/{id}/invoice", Handler: invoice},
	{Method: "POST", Path: "/orders/{id}/cancel", Handler: cancel},
	{Method: "POST", Path: "/orders/{id}/cases", Handler: openCase},
	{Method: "GET", Path: "/orders/{id}/cases/{case}", Handler: casePage},
	{Method: "POST", Path: "/orders/{id}/cases/{case}", Handler: changeCase},
}

// Functions are those of the templates.
var Functions = template.FuncMap{
	"page": page, "units": units, "casekind": caseKind,
	"sentkind": sentKind,
	"kind":     func(o client.Order) look.Kind { return state{Order: o}.Kind() },
	"stale":    func(l client.OrderList) bool { return l.Stale != nil && *l.Stale },
}

// page returns the path of the list of orders behind a cursor.
func page(q url.Values, cursor string) string {
	next := url.Values{"cursor": {cursor}}
	if status := q.Get("status"); status != "" {
		next.Set("status", status)
	}
	return "/orders?" + next.Encode()
}

// units returns how many units an order is of.
func units(o client.Order) (n int64) {
	for _, l := range o.Lines {
		n += l.Quantity
	}
	return n
}

// sentKind returns the meaning of the state of a message.
func sentKind(state string) look.Kind {
	switch state {
	case "sent":
		return look.Good
	case "wanted":
		return look.Busy
	default:
		return look.Idle
	}
}

func caseKind(s client.CaseState) look.Kind {
	switch s {
	case client.Open:
		return look.Busy
	case client.Answered:
		return look.Good
	default:
		return look.Idle
	}
}
