//go:build whole

package pages_test

import (
	"flag"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/web/browsertest"
	"github.com/amends/amends/web/console"
)

var gallery = flag.String("gallery", "", "the folder for a picture of every page in every look")

// TestWholeGallery opens every page of a platform with orders of every kind, and requires that each is
// sound in every look. With -gallery it keeps the pictures, for people who judge them.
func TestWholeGallery(t *testing.T) { //nolint:paralleltest // it has the platform for itself
	p := start(t)
	buyer, person := browsertest.Visit(t), browsertest.Visit(t)
	p.signIn(person)
	shop := func(name, path string) { keep(t, buyer, "shop-"+name, p.shop+path) }
	admin := func(name, path string) { keep(t, person, "console-"+name, p.admin+console.Below+path) }

	for _, page := range console.Pages {
		admin("empty-"+strings.Trim(page.Path+"home", "/"), page.Path)
	}
	shop("cart-empty", "/cart")
	shop("orders-guest", "/orders")
	order(t, p, buyer, "tok_slow")
	keep(t, buyer, "shop-order-live", buyer.Address())
	order(t, p, buyer, "tok_declined")
	buyer.Shows("cancelled")
	keep(t, buyer, "shop-order-declined", buyer.Address())
	order(t, p, buyer, "tok_visa")
	buyer.Shows("Your order is paid")
	paid := buyer.Address()
	buyer.Go(paid)
	buyer.Click("summary")
	buyer.Fill("#subject", "One mug is broken")
	buyer.Fill("#text", "It arrived in two pieces. Can I have another one?")
	buyer.Submit("details form button")
	keep(t, buyer, "shop-case", buyer.Address())
	keep(t, buyer, "shop-order", paid)
	keep(t, buyer, "shop-invoice", paid+"/invoice")
	for name, path := range map[string]string{
		"products": "/", "found": "/?q=mug", "none": "/?q=nothing", "product": "/products/MUG-STONEWARE", "sold-out": "/products/TEA-SOLD-OUT", "orders": "/orders",
		"sign-in": "/sign-in", "register": "/register", "verify": "/verify?sent=yes", "forgot": "/forgot", "reset": "/reset?sent=yes", "missing": "/nothing",
	} {
		shop(name, path)
	}
	shop("german", "/?lang=de")
	buyer.Go(p.shop + "/?lang=en")
	fillCart(p, buyer)
	shop("cart", "/cart")
	shop("checkout", "/checkout")

	ids := map[string]string{
		"flagged": p.flagged(t), "stuck": p.flagged(t), "batch": p.flagged(t), "choreographed": p.place(t, "tok_visa", "choreographed"),
		"declined": p.place(t, "tok_declined", "choreographed"), "pivot": p.place(t, "tok_capture_declined", "orchestrated"), "running": p.place(t, "tok_slow", "orchestrated"),
	}
	p.stop(t, ids["stuck"])
	person.Go(p.admin + "/console/doctor")
	person.Submit(runDoctor)
	inEveryLook(t, person, "console-doctor-run")
	refunded := p.confirmed(t)
	p.execute(t, "order", `INSERT INTO outbox (event_id, type, key, data, meta, at, error)
		SELECT 'poison', type, key, '"nothing"', meta, at, '' FROM outbox WHERE type = 'amends.order.confirmed.v1' LIMIT 1`)
	admin("order-running", "/orders/"+ids["running"])
	person.Go(p.admin + "/console/orders/" + refunded)
	browsertest.Eval[bool](person, "document.querySelectorAll('details').forEach(d => d.open = true), true")
	person.Fill("form[action$='/refund'] [name=amount]", "18.50")
	person.Fill("form[action$='/refund'] [name=reason]", "one mug was broken")
	person.Fill("form[action$='/refund'] [name=reference]", "case 1")
	person.Submit("form[action$='/refund'] button")
	person.Go(p.admin + "/console/orders?needs_attention=true")
	browsertest.Eval[bool](person, fmt.Sprintf("document.querySelector('input[value=%q]').click(), true", ids["batch"]))
	person.Fill("#batch-reason", "the provider is back")
	person.Submit("fieldset.batch button")
	keep(t, person, "console-batch", person.Address())
	person.Go(p.admin + "/console/")
	person.Shows("Read why each failed")

	for name, id := range ids {
		admin("order-"+name, "/orders/"+id)
	}
	admin("order-refunded", "/orders/"+refunded)
	for _, page := range console.Pages {
		admin(strings.Trim(page.Path+"home", "/"), page.Path)
	}
	for name, selector := range map[string]string{"case": "/cases tbody th a", "mail-one": "/mail tbody th a"} {
		path, css, _ := strings.Cut(selector, " ")
		person.Go(p.admin + console.Below + path)
		person.Submit(css)
		keep(t, person, "console-"+name, person.Address())
	}
	admin("orders-flagged", "/orders?needs_attention=true")
	admin("orders-none", "/orders?q=nothing")
	admin("orders-wrong", "/orders?min_age="+url.QueryEscape("long ago"))
	admin("missing", "/nothing")
	person.Go(p.admin + "/console/load")
	person.Submit("form:has(input[value='carrier-away']) button")
	inEveryLook(t, person, "console-load-fault")
	person.Submit("form:has(input[value='carrier-away']) button")
	stranger := browsertest.Visit(t)
	keep(t, stranger, "console-sign-in", p.admin+"/console/sign-in")
}

// keep opens a page, and keeps its pictures.
func keep(t *testing.T, tab *browsertest.Tab, name, url string) {
	t.Helper()
	tab.Go(url)
	inEveryLook(t, tab, name)
}

// inEveryLook checks the page of a tab in every look, and keeps its pictures.
func inEveryLook(t *testing.T, tab *browsertest.Tab, name string) {
	t.Helper()
	for _, l := range browsertest.Looks {
		tab.Look(l)
		if v := tab.Violations(); len(v) > 0 {
			t.Errorf("%s, %s: %s", name, l, v)
		}
		if o := tab.Overflow(); len(o) > 0 {
			t.Errorf("%s, %s: %s", name, l, o)
		}
		if *gallery != "" {
			tab.PNG(filepath.Join(*gallery, name+"-"+l.String()+".png"))
		}
	}
	tab.Look(browsertest.Looks[0])
	require.Empty(t, tab.Errors(), name)
}
