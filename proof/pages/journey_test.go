package pages_test

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/web/browsertest"
)

const canary = `<img src=x onerror="window.ran=1">"'&{{.}}`

// escapes requires that no text of a customer became a part of the page.
func escapes(t *testing.T, tab *browsertest.Tab) {
	t.Helper()
	require.False(t, browsertest.Eval[bool](tab, "'ran' in window"))
	require.Zero(t, browsertest.Eval[int](tab, "document.querySelectorAll('main img[src=x]').length"))
	require.Empty(t, tab.Errors())
}

// TestAJourney is that of a customer, from the registration to an answered question.
func TestAJourney(t *testing.T) {
	t.Parallel()
	p := start(t)
	tab := browsertest.Visit(t)
	const mail, password = "ada@example.com", "correct horse battery"

	tab.Go(p.shop + "/register")
	tab.Fill("#name", canary)
	tab.Fill("#email", mail)
	tab.Submit("main form button")
	tab.Fill("#token", p.mailed(t, mail))
	tab.Fill("#password", password)
	tab.Submit("main form button")
	require.Contains(t, tab.Text(), "Your account is ready.")
	tab.Fill("#email", mail)
	tab.Fill("#password", password)
	tab.Submit("main form button")
	require.Contains(t, tab.Text(), "Sign out")

	tab.Go(p.shop + "/?q=" + url.QueryEscape("mug"))
	tab.Shows("Stoneware mug")
	tab.Submit("a[href='/products/MUG-STONEWARE']")
	tab.Fill("#quantity", "2")
	tab.Submit("main form button")
	tab.Submit("a[href='/checkout']")
	fillAddress(t, tab, map[string]string{"name": canary, "line1": canary, "line2": canary, "postal_code": "10115", "city": canary})
	browsertest.Eval[bool](tab, "document.getElementById('payment_token').value = 'tok_slow', true")
	tab.Submit("form.checkout button")
	order := tab.Address()
	tab.Shows("Your order is paid") // without a reload
	require.Contains(t, tab.Text(), "2 × Stoneware mug")
	tab.Shows("EUR\u00a037.00") // the bill follows its state
	escapes(t, tab)

	tab.Submit("a[href$='/invoice']")
	require.Contains(t, tab.Text(), "INV-")
	tab.Go(order)
	tab.Click("summary")
	tab.Fill("#subject", canary)
	tab.Fill("#text", canary)
	tab.Submit("details form button")
	require.Contains(t, tab.Text(), canary)
	escapes(t, tab)
	tab.Submit("main button.plain")
	require.Contains(t, tab.Text(), "This question is closed.")

	tab.Go(p.shop + "/orders")
	require.Contains(t, tab.Text(), "Confirmed")
	other := tab.Another()
	other.Go(p.shop + "/")
	other.Submit(".bar form[method=post] button")
	tab.Submit("main table a")
	require.Contains(t, tab.Text(), "Sign in", "the session ended in the other tab")
	require.NotContains(t, tab.Text(), "Stoneware")
}

// TestAnOrderIsCancelled by a guest, while the payment is slow.
func TestAnOrderIsCancelled(t *testing.T) {
	t.Parallel()
	p := start(t)
	tab := browsertest.Visit(t)
	tab.Go(p.shop + "/products/KETTLE-STEEL")
	tab.Submit("main form button")
	tab.Go(p.shop + "/checkout")
	fillAddress(t, tab, berlin)
	browsertest.Eval[bool](tab, "document.getElementById('payment_token').value = 'tok_unknown', true")
	tab.Submit("form.checkout button")
	order := tab.Address()
	tab.Submit("form[action$='/cancel'] button")
	require.Equal(t, order, tab.Address())
	tab.Shows("Your order is being cancelled")
	require.Empty(t, tab.Errors())

	stranger := browsertest.Visit(t)
	stranger.Go(order)
	require.Contains(t, stranger.Text(), "There is nothing here")
}
