package shop_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/api/client"
	"github.com/amends/amends/web/browsertest"
)

func read(t *testing.T, res *http.Response) string {
	t.Helper()
	text, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return string(text)
}

func TestTheKeyboardAloneOrders(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.goods()
	with(sale("PENDING", "done"))(b)
	b.Go(b.url + "/")
	b.Reach("a[href='/products/MUG-STONEWARE']")
	b.Enter()
	b.Reach("main button")
	b.Enter()
	require.Contains(t, b.Text(), "Stoneware mug")
	b.Reach("a[href='/checkout']")
	b.Enter()
	for _, typed := range [][2]string{{"#name", canary}, {"#line1", "Hauptstr. 1"}, {"#postal_code", "10115"}, {"#city", "Berlin"}, {"#email", "ada@example.com"}} {
		b.Reach(typed[0])
		b.Keys(typed[1])
	}
	b.Reach("main form.checkout button")
	b.Enter()
	require.Equal(t, b.url+"/orders/"+orderID, b.Address())
	require.Contains(t, b.Text(), "Order received")

	bodies, headers := b.api.requests("POST", "/v1/orders")
	require.Len(t, bodies, 1)
	var placed client.PlaceOrder
	require.NoError(t, json.Unmarshal([]byte(bodies[0]), &placed))
	require.Equal(t, []client.LineRequest{{Sku: "MUG-STONEWARE", Quantity: 1}}, placed.Lines)
	require.Equal(t, canary, placed.ShipTo.Name)
	require.Equal(t, "tok_visa", placed.PaymentToken)
	require.Equal(t, "EUR", placed.Currency)
	require.Equal(t, "ada@example.com", *placed.Contact.Email)
	require.GreaterOrEqual(t, len(headers[0].Get("Idempotency-Key")), 22)
	require.Contains(t, b.Text(), "claim-of-the-order", "a guest sees the code")
	_, headers = b.api.requests("GET", "/v1/orders/"+orderID+"/overview")
	require.Equal(t, "claim-of-the-order", headers[0].Get("Amends-Claim"))
	b.Go(b.url + "/cart")
	require.Contains(t, b.Text(), "Your cart is empty.")
}

func TestARefusedOrderKeepsItsFormAndItsKey(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.goods()
	b.fillCart()
	b.refuses("POST", "/v1/orders", 422, "VALIDATION_FAILED", client.FieldError{Pointer: "/ship_to/city", Code: "TOO_LONG"}, client.FieldError{Pointer: "/contact/email", Code: "NOT_ALLOWED"})
	b.Go(b.url + "/checkout")
	for field, value := range map[string]string{"#name": canary, "#line1": "Hauptstr. 1", "#city": "Berlin", "#email": "ada@example.com"} {
		b.Fill(field, value)
	}
	b.Submit("main form.checkout button")
	require.Contains(t, b.Text(), "Please check the marked fields.")
	require.Equal(t, "This is too long.", browsertest.Eval[string](b.Tab, "document.getElementById('city-wrong').innerText"))
	require.Equal(t, canary, browsertest.Eval[string](b.Tab, "document.getElementById('name').value"))
	b.escapes(t)
	require.Empty(t, b.Violations())

	b.refuses("POST", "/v1/orders", 503, "PLACEMENT_UNKNOWN")
	b.Submit("main form.checkout button")
	require.Contains(t, b.Text(), "nothing is ordered twice")
	b.refuses("POST", "/v1/orders", 422, "IDEMPOTENCY_KEY_REUSED")
	b.Submit("main form.checkout button")
	require.Contains(t, b.Text(), "This cart was ordered before")
	_, headers := b.api.requests("POST", "/v1/orders")
	for _, h := range headers {
		require.Equal(t, headers[0].Get("Idempotency-Key"), h.Get("Idempotency-Key"))
	}
	b.Submit(".again button")
	b.Fill("#name", "A")
	b.Fill("#line1", "A")
	b.Fill("#city", "A")
	b.Submit("main form.checkout button")
	_, all := b.api.requests("POST", "/v1/orders")
	require.NotEqual(t, headers[0].Get("Idempotency-Key"), all[len(all)-1].Get("Idempotency-Key"), "the customer wants another order")
}

// TestACartIsItsFirstSenders: who signs in or out, because an answer was lost, orders once.
func TestACartIsItsFirstSenders(t *testing.T) {
	t.Parallel()
	const lost = "PLACEMENT_UNKNOWN"
	fill := func(b *testBundle) {
		for field, value := range map[string]string{"#name": "Ada", "#line1": "Hauptstr. 1", "#city": "Berlin"} {
			b.Fill(field, value)
		}
	}
	// placed returns the customers of the placements, and whether they had a session.
	placed := func(t *testing.T, b *testBundle) (customers []string, sessions []bool) {
		t.Helper()
		bodies, headers := b.api.requests("POST", "/v1/orders")
		for i, body := range bodies {
			var p client.PlaceOrder
			require.NoError(t, json.Unmarshal([]byte(body), &p))
			require.Equal(t, headers[0].Get("Idempotency-Key"), headers[i].Get("Idempotency-Key"))
			customers, sessions = append(customers, p.CustomerId), append(sessions, strings.Contains(headers[i].Get("Cookie"), "csrf"))
		}
		return customers, sessions
	}

	t.Run("WhoThenSignsIn", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.goods()
		with(sale("PENDING", "done"))(b)
		b.fillCart()
		b.refuses("POST", "/v1/orders", 503, lost)
		b.Go(b.url + "/checkout")
		fill(b)
		b.Fill("#email", "ada@example.com")
		b.Submit("main form.checkout button")
		older := b.Another()
		b.Tab, older = older, b.Tab
		b.signIn()
		b.api.change(func(f *fake) { clear(f.refuse) })
		b.Go(b.url + "/checkout")
		require.Contains(t, b.Text(), "before you signed in")
		require.Empty(t, b.Violations())
		fill(b)
		b.Fill("#email", "ada@example.com")
		b.Submit("main form.checkout button")
		require.Equal(t, b.url+"/orders/"+orderID, b.Address())
		older.Submit("main form.checkout button") // the form of the guest, still open
		require.Equal(t, b.url+"/orders/"+orderID, older.Address())
		customers, sessions := placed(t, b)
		require.Len(t, customers, 3)
		require.Regexp(t, "^guest-", customers[0])
		require.Equal(t, []string{customers[0], customers[0], customers[0]}, customers)
		require.Equal(t, []bool{false, false, false}, sessions)
	})

	t.Run("WhoseSessionEnds", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.goods()
		b.signIn()
		b.fillCart()
		b.refuses("POST", "/v1/orders", 503, lost)
		b.Go(b.url + "/checkout")
		b.Submit("main form.checkout button")
		other := b.Another()
		other.Go(b.url + "/")
		other.Submit(".bar form[method=post] button")
		b.api.change(func(f *fake) { clear(f.refuse) })
		b.Go(b.url + "/checkout")
		fill(b)
		b.Submit("main form.checkout button")
		require.Contains(t, b.Text(), "You were signed in when you sent this cart")
		customers, sessions := placed(t, b)
		require.Equal(t, []string{""}, customers, "nothing is ordered without the account")
		require.Equal(t, []bool{true}, sessions)
		b.Submit(".again button")
		fill(b)
		b.Submit("main form.checkout button")
		bodies, headers := b.api.requests("POST", "/v1/orders")
		require.Len(t, bodies, 2)
		require.NotEqual(t, headers[0].Get("Idempotency-Key"), headers[1].Get("Idempotency-Key"), "the customer wants another order")
	})
}

func TestAnOrderIsLive(t *testing.T) {
	t.Parallel()
	b := setup(t)
	with(sale("PENDING", "done", "running"))(b)
	b.Go(b.url + "/orders/" + orderID)
	b.Shows("Cancel this order")
	with(sale("PENDING", "done", "done", "done", "done", "done", "running"))(b)
	b.api.events <- struct{}{}
	b.Until("!document.body.innerText.includes('Cancel this order')")
	require.Contains(t, b.Text(), "Payment taken")

	b.Click("summary")
	b.Fill("#subject", "half a question")
	with(sale("CONFIRMED", "done", "done", "done", "done", "done", "done", "done", "done"))(b)
	b.api.events <- struct{}{}
	b.Shows("Your order is paid")
	b.Until("document.getElementById('bill').innerText.includes('paid')")
	require.Equal(t, "half a question", browsertest.Eval[string](b.Tab, "document.getElementById('subject').value"), "a form is never swapped")
	require.Empty(t, b.Errors())
	require.Empty(t, b.Violations())
	b.Until("!document.body.dataset.stream") // it ends
}

func TestASession(t *testing.T) {
	t.Parallel()

	t.Run("BeginsWithAForm", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.refuses("POST", "/v1/sessions", 403, "BAD_CREDENTIALS")
		b.Go(b.url + "/orders/" + orderID + "?late=yes")
		b.Go(b.url + "/sign-in?next=/cart")
		b.Fill("#email", canary)
		b.Fill("#password", "wrong horse")
		browsertest.Eval[bool](b.Tab, "document.getElementById('email').type = 'text', true")
		b.Submit("main form button")
		require.Contains(t, b.Text(), "do not belong together")
		require.Empty(t, browsertest.Eval[string](b.Tab, "document.getElementById('password').value"))
		b.escapes(t)
		b.api.change(func(f *fake) { clear(f.refuse) })
		b.Fill("#email", "ada@example.com")
		b.Fill("#password", "correct horse")
		b.Submit("main form button")
		require.Equal(t, b.url+"/cart", b.Address())
		require.Contains(t, b.Text(), "Sign out")
	})

	t.Run("LeadsToNoOtherSite", func(t *testing.T) {
		t.Parallel()
		for _, next := range []string{"https://evil.example/", "//evil.example/", `/\evil.example`, "javascript:alert(1)", "evil", ""} {
			b := setup(t)
			b.Go(b.url + "/sign-in?next=" + url.QueryEscape(next))
			b.Fill("#email", "ada@example.com")
			b.Fill("#password", "correct horse")
			b.Submit("main form button")
			require.Equal(t, b.url+"/", b.Address(), next)
		}
	})

	t.Run("EndsWithASentence", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.signIn()
		b.api.change(func(f *fake) { f.ended = true })
		b.Go(b.url + "/orders?status=PENDING")
		require.Contains(t, b.Text(), "Your session has ended.")
		require.NotContains(t, b.Text(), "Sign out")
		b.api.change(func(f *fake) { f.ended = false })
		b.Fill("#email", "ada@example.com")
		b.Fill("#password", "correct horse")
		b.Submit("main form button")
		require.Equal(t, b.url+"/orders?status=PENDING", b.Address(), "the visitor goes on")
	})

	t.Run("IsRefreshed", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		res := b.send(t, http.MethodGet, "/orders", "", "Cookie", "__Host-amends-csrf="+csrf+"; __Host-amends-refresh=r")
		require.Equal(t, http.StatusOK, res.StatusCode)
		_, refreshed := b.api.requests("POST", "/v1/sessions/refresh")
		require.Len(t, refreshed, 1)
		require.Len(t, res.Cookies(), 3)
		_, listed := b.api.requests("GET", "/v1/orders")
		require.Contains(t, listed[0].Get("Cookie"), "__Host-amends-access=a")
	})

	t.Run("EndsAtTheSignOut", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.signIn()
		b.Submit(".bar form[method=post] button")
		require.Contains(t, b.Text(), "Sign in")
		_, out := b.api.requests("DELETE", "/v1/sessions/current")
		require.Equal(t, csrf, out[0].Get("Amends-CSRF"))
		require.NotContains(t, browsertest.Eval[string](b.Tab, "document.cookie"), "csrf")
	})
}

// send sends a request as no browser would.
func (b *testBundle) send(t *testing.T, method, path, body string, header ...string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, b.url+path, strings.NewReader(body))
	require.NoError(t, err)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	c := http.Client{Timeout: time.Minute, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := c.Do(r)
	require.NoError(t, err)
	t.Cleanup(func() { _ = res.Body.Close() })
	return res
}

func TestAnotherSiteChangesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.goods()
	with(sale("PENDING"))(b)
	session := "__Host-amends-csrf=" + csrf + "; __Host-amends-access=a"
	form := []string{"Content-Type", "application/x-www-form-urlencoded"}
	for _, path := range []string{"/cart", "/checkout", "/orders/" + orderID + "/cancel", "/orders/" + orderID + "/cases", "/sign-in", "/sign-out", "/register"} {
		res := b.send(t, http.MethodPost, path, "sku=MUG-STONEWARE&quantity=1&csrf="+csrf, append(form, "Cookie", session, "Sec-Fetch-Site", "cross-site")...)
		require.Equal(t, http.StatusForbidden, res.StatusCode, path)
		require.Empty(t, res.Cookies(), path)
	}
	for _, path := range []string{"/checkout", "/orders/" + orderID + "/cancel", "/orders/" + orderID + "/cases", "/sign-out"} {
		for _, token := range []string{"", "csrf=wrong"} {
			res := b.send(t, http.MethodPost, path, token, append(form, "Cookie", session)...)
			require.Equal(t, http.StatusForbidden, res.StatusCode, "%s %s", path, token)
			require.Contains(t, read(t, res), "This page was too old")
		}
	}
	res := b.send(t, http.MethodPost, "/orders/"+orderID+"/cancel", "csrf="+csrf, append(form, "Cookie", session)...)
	require.Equal(t, http.StatusSeeOther, res.StatusCode)
}

func TestAGuestFindsAnOrder(t *testing.T) {
	t.Parallel()
	b := setup(t)
	with(sale("CONFIRMED", "done"))(b)
	b.refuses("GET", "/v1/orders/none", 404, "NOT_FOUND")
	b.Go(b.url + "/orders")
	b.Fill("#order", "none")
	b.Fill("#claim", "x")
	b.Submit("main form button")
	require.Contains(t, b.Text(), "There is no such order.")
	b.Fill("#order", orderID)
	b.Fill("#claim", "claim-of-the-order")
	b.Submit("main form button")
	require.Equal(t, b.url+"/orders/"+orderID, b.Address())
	_, headers := b.api.requests("GET", "/v1/orders/"+orderID)
	require.Equal(t, "claim-of-the-order", headers[0].Get("Amends-Claim"))
	b.Go(b.url + "/orders")
	require.Contains(t, b.Text(), "Confirmed")
	b.Go(b.url + "/orders/" + orderID + "/invoice")
	require.Contains(t, b.Text(), "Invoice for text/html")
}

func TestACase(t *testing.T) {
	t.Parallel()
	b := setup(t)
	talk := client.Case{Id: caseID, OrderId: orderID, Subject: canary, State: client.Open, Messages: &[]client.CaseMessage{{Author: client.Customer, Text: canary, At: at}}}
	with(sale("CONFIRMED"), talk)(b)
	b.Go(b.url + "/orders/" + orderID)
	b.Click("summary")
	b.Fill("#subject", canary)
	b.Fill("#text", canary)
	b.refuses("POST", "/v1/orders/"+orderID+"/cases", 409, "TOO_MANY_CASES")
	b.Submit("details form button")
	require.Contains(t, b.Text(), "too many open questions")
	require.Equal(t, canary, browsertest.Eval[string](b.Tab, "document.getElementById('text').value"))
	b.api.change(func(f *fake) { clear(f.refuse) })
	b.Submit("details form button")
	require.Equal(t, b.url+"/orders/"+orderID+"/cases/"+caseID, b.Address())
	require.Contains(t, b.Text(), canary)
	b.escapes(t)
	b.Fill("#text", "One more thing")
	b.Submit("main .panel form button")
	b.Submit("main button.plain")
	bodies, headers := b.api.requests("POST", "/v1/orders/"+orderID+"/cases/"+caseID+"/answers")
	require.JSONEq(t, `{"text": "One more thing"}`, bodies[0])
	require.NotEmpty(t, headers[0].Get("Idempotency-Key"))
	closed, _ := b.api.requests("POST", "/v1/orders/"+orderID+"/cases/"+caseID+"/close")
	require.Len(t, closed, 1)
}

func TestAnAccountIsMade(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.Go(b.url + "/register")
	b.Fill("#name", canary)
	b.Fill("#email", "ada@example.com")
	b.Submit("main form button")
	require.Contains(t, b.Text(), "Look into your mail")
	b.refuses("POST", "/v1/users/verification", 422, "VALIDATION_FAILED", client.FieldError{Pointer: "/password", Code: "WEAK_PASSWORD"})
	b.Fill("#token", canary)
	b.Fill("#password", "password")
	b.Submit("main form button")
	require.Contains(t, b.Text(), "Choose a longer or less common password.")
	require.Equal(t, canary, browsertest.Eval[string](b.Tab, "document.getElementById('token').value"))
	b.escapes(t)
	b.api.change(func(f *fake) { clear(f.refuse) })
	b.Fill("#password", "correct horse")
	b.Submit("main form button")
	require.Contains(t, b.Text(), "Your account is ready.")
	bodies, _ := b.api.requests("POST", "/v1/users")
	require.Contains(t, bodies[0], `"locale":"en"`)
}
