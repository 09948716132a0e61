package pages_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/web/browsertest"
)

// lossy is a network to a site that loses answers to orders.
type lossy struct {
	url    string
	placed atomic.Int64 // answers to orders that the site gave
	lost   int64        // of which the first ones do not arrive
}

func throughLossy(t *testing.T, site string, lost int64) *lossy {
	t.Helper()
	to, err := url.Parse(site)
	require.NoError(t, err)
	l := &lossy{lost: lost}
	proxy := httputil.NewSingleHostReverseProxy(to)
	proxy.ModifyResponse = func(r *http.Response) error {
		noted := r.StatusCode == http.StatusTemporaryRedirect // and not yet ordered
		if r.Request.Method == http.MethodPost && r.Request.URL.Path == "/checkout" && !noted && l.placed.Add(1) <= l.lost {
			return http.ErrAbortHandler
		}
		return nil
	}
	proxy.ErrorHandler = func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) }
	server := httptest.NewServer(proxy)
	t.Cleanup(server.Close)
	l.url = server.URL
	return l
}

// fillAddress fills in the checkout.
func fillAddress(t *testing.T, tab *browsertest.Tab, values map[string]string) {
	t.Helper()
	text, err := json.Marshal(values)
	require.NoError(t, err)
	browsertest.Eval[bool](tab, fmt.Sprintf(`Object.entries(%s).every(([id, value]) => { document.getElementById(id).value = value; return true })`, text))
}

var berlin = map[string]string{"name": "Ada Lovelace", "line1": "Hauptstr. 1", "postal_code": "10115", "city": "Berlin", "email": "ada@example.com"}

// TestOneCartIsOneOrder presses the button twenty times in three tabs, while most of the
// answers are lost; the customer goes back, reloads, and presses again.
func TestOneCartIsOneOrder(t *testing.T) {
	t.Parallel()
	p := start(t)
	const presses, lost = 20, 16
	network := throughLossy(t, p.shop, lost)
	first := browsertest.Visit(t)
	first.Go(network.url + "/products/MUG-STONEWARE")
	first.Submit("main form button")
	tabs := []*browsertest.Tab{first, first.Another(), first.Another()}
	for _, tab := range tabs {
		tab.Go(network.url + "/cart")
		tab.Go(network.url + "/checkout")
		fillAddress(t, tab, berlin)
	}
	key := browsertest.Eval[string](first, "document.querySelector('input[name=key]').value")

	for pressed := 0; pressed < presses; {
		var sent []*browsertest.Tab
		for _, tab := range tabs {
			if pressed < presses && press(tab) {
				sent, pressed = append(sent, tab), pressed+1
			}
		}
		for i, tab := range sent {
			tab.Until("!window.browsertestHere && document.readyState === 'complete'")
			if pressed < presses {
				comeBack(t, tab, network.url, i%2 == 0)
			}
		}
		if len(sent) == 0 {
			break // the cart is empty in all tabs: nothing is left to press
		}
	}
	require.Greater(t, network.placed.Load(), int64(lost), "answers were lost, and some came")

	orders := p.ordersOf(t, "guest-"+strings.ToLower(key))
	require.Len(t, orders, 1, "one cart, one order")
	first.Go(network.url + "/orders/" + orders[0].Id)
	first.Shows("Your order is paid")
	first.Go(network.url + "/cart")
	require.Contains(t, first.Text(), "Your cart is empty.")
}

// TestAGuestWhoSignsInOrdersOnce: the answer to a guest is lost, so the guest signs in, and
// presses again in both tabs.
func TestAGuestWhoSignsInOrdersOnce(t *testing.T) {
	t.Parallel()
	p := start(t)
	const mail, password = "grace@example.com", "correct horse battery"
	network := throughLossy(t, p.shop, 100) // a browser repeats a form by itself
	guest := browsertest.Visit(t)
	guest.Go(network.url + "/register")
	guest.Fill("#name", "Grace Hopper")
	guest.Fill("#email", mail)
	guest.Submit("main form button")
	guest.Fill("#token", p.mailed(t, mail))
	guest.Fill("#password", password)
	guest.Submit("main form button")

	fillCart(platform{shop: network.url}, guest)
	guest.Go(network.url + "/checkout")
	fillAddress(t, guest, berlin)
	key := browsertest.Eval[string](guest, "document.querySelector('input[name=key]').value")
	require.True(t, press(guest))
	guest.Until("!window.browsertestHere && document.readyState === 'complete'")
	require.Positive(t, network.placed.Load(), "it was ordered, and the answer was lost")

	tab := guest.Another()
	tab.Go(p.shop + "/sign-in?next=/checkout")
	tab.Fill("#email", mail)
	tab.Fill("#password", password)
	tab.Submit("main form button")
	require.Contains(t, tab.Text(), "before you signed in")
	fillAddress(t, tab, berlin)
	tab.Submit("form.checkout button")
	orders := p.ordersOf(t, "guest-"+strings.ToLower(key))
	require.Len(t, orders, 1)
	require.Equal(t, p.shop+"/orders/"+orders[0].Id, tab.Address(), "the answer is that order")
	tab.Shows("Your order is paid")
	tab.Go(p.shop + "/orders")
	require.Contains(t, tab.Text(), "no orders", "the account has none")
}

// press sends the checkout of a tab as it is, and reports whether the tab has one. It passes by
// the module that keeps a form from being sent twice.
func press(tab *browsertest.Tab) bool {
	return browsertest.Eval[bool](tab, `(form => {
		if (!form) return false
		window.browsertestHere = true
		setTimeout(() => HTMLFormElement.prototype.submit.call(form), 0)
		return true
	})(document.querySelector('form.checkout'))`)
}

// comeBack returns to the checkout by its address, sometimes after the browser's button, which
// leads to the page before it: the page of an error takes the place of the checkout.
func comeBack(t *testing.T, tab *browsertest.Tab, site string, button bool) {
	t.Helper()
	if button {
		browsertest.Eval[bool](tab, "history.back(), true")
		tab.Until("location.protocol !== 'chrome-error:'")
	}
	tab.Go(site + "/checkout")
	if browsertest.Eval[bool](tab, "!!document.querySelector('form.checkout')") {
		fillAddress(t, tab, berlin)
	}
}
