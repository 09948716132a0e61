package sale

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/amends/amends/api/client"
	"github.com/amends/amends/web/shop/ask"
	"github.com/amends/amends/web/shop/cookie"
	"github.com/amends/amends/web/shop/visit"
)

// bill is the content of the checkout.
type bill struct {
	basket

	Form     map[string]string // the contents of the fields
	Wrong    map[string]string // why fields are refused, by their names
	Refused  string            // why the order is not placed, or may not be
	Guest    bool
	Tokens   []string
	Repeated bool // the cart was ordered before, with other details
}

// addressFields are those of the address of a delivery, as the API names them.
var addressFields = []string{"name", "line1", "line2", "postal_code", "city", "region", "country"}

// checkout shows the cart, and asks for an address and the payment.
func checkout(v *visit.Visit) error {
	if !v.SignedIn() && !v.Site.Guests {
		v.Enter(v.R.URL.RequestURI())
		return nil
	}
	if len(v.Cart.Lines) == 0 {
		return v.Redirect("/cart")
	}
	var saved client.SavedAddresses
	var err error
	var beside sync.WaitGroup
	if v.SignedIn() {
		beside.Go(func() { saved, _, err = ask.Read[client.SavedAddresses](v.API().ListAddresses(v.R.Context())) })
	}
	b := billOf(v, basketOf(v))
	beside.Wait()
	if ask.StatusOf(err) == http.StatusUnauthorized {
		return err
	}
	if v.SignedIn() && b.Guest {
		b.Repeated, b.Refused = true, v.Words.Of("refused", sentAsGuest)
	}
	if len(saved.Addresses) > 0 { // of one that cannot be read, nothing is filled in
		fill(b.Form, saved.Addresses[0])
	}
	return v.Show(http.StatusOK, "checkout", v.Words.Text("checkout"), b)
}

// billOf returns a checkout with an empty form.
func billOf(v *visit.Visit, b basket) bill {
	form := map[string]string{"country": "DE"}
	if len(v.Site.Tokens) > 0 {
		form["payment_token"] = v.Site.Tokens[0]
	}
	return bill{basket: b, Form: form, Wrong: map[string]string{}, Guest: guest(v, b.Key), Tokens: v.Site.Tokens}
}

// fill puts a saved address into a form.
func fill(form map[string]string, a client.SavedAddress) {
	optional := func(s *string) string {
		if s == nil {
			return ""
		}
		return *s
	}
	form["name"], form["line1"], form["line2"], form["city"] = a.Name, a.Line1, optional(a.Line2), a.City
	form["postal_code"], form["region"], form["country"] = optional(a.PostalCode), optional(a.Region), a.Country
}

// placeOrder places the order that the form shows. A repeat of the form is the same order, also
// of a visitor who has signed in or out since. The form of a session that is over places none:
// the order would be a guest's, and a second one if the customer has placed it already, because
// a guest's keys are others.
func placeOrder(v *visit.Visit) error {
	if v.Ended() {
		v.Enter("/checkout")
		return nil
	}
	shown := cookie.ParseCart(v.Form("lines"))
	if shown.Key = v.Form("key"); !cookie.ValidKey(shown.Key) {
		return ask.Refuse(http.StatusForbidden, "FORM_UNKNOWN") // no page has such a form
	}
	switch sender := v.Senders.Of(shown.Key); {
	case sender == "" && v.R.URL.Query().Get("noted") == "" && v.Sealed():
		return note(v, shown.Key)
	case sender == account && !v.SignedIn():
		return refuse(v, shown, errSentSignedIn)
	}
	who := v.Visitor
	if guest(v, shown.Key) {
		who = who.Guest()
	}
	order, header, err := ask.Read[client.Order](who.API().PlaceOrder(v.R.Context(),
		&client.PlaceOrderParams{IdempotencyKey: shown.Key}, placement(v, shown)))
	if err != nil {
		return refuse(v, shown, err)
	}
	if claim := header.Get(ask.HeaderClaim); claim != "" {
		v.Keep(visit.ClaimsCookie, v.Claims.With(cookie.Pair{Name: order.Id, Value: claim}).String(), visit.Year)
	}
	v.Keep(visit.VersionCookie, header.Get("Amends-Version"), visit.Month)
	if v.Cart.Key == shown.Key {
		v.Cart = cookie.ParseCart("")
		v.KeepCart()
	}
	return v.Redirect("/orders/" + order.Id)
}

// placement returns the order of a form.
func placement(v *visit.Visit, shown cookie.Cart) client.PlaceOrder {
	p := client.PlaceOrder{
		Currency: v.Form("currency"), Lines: []client.LineRequest{}, PaymentToken: v.Form("payment_token"),
		ShipTo: client.Address{
			Name: v.Form("name"), Line1: v.Form("line1"), Line2: new(v.Form("line2")), City: v.Form("city"),
			PostalCode: v.Form("postal_code"), Region: new(v.Form("region")), Country: strings.ToUpper(v.Form("country")),
		},
	}
	for _, l := range shown.Lines {
		p.Lines = append(p.Lines, client.LineRequest{Sku: l.SKU, Quantity: l.Quantity})
	}
	if !guest(v, shown.Key) {
		return p
	}
	p.CustomerId = "guest-" + strings.ToLower(shown.Key) // any name will do, the same for a repeat
	if email := v.Form("email"); email != "" {
		p.Contact = &client.Contact{Email: &email, Locale: &v.Words.Lang}
	}
	return p
}

// refuse shows the checkout again, with the reason why the order is not placed, or may not be.
func refuse(v *visit.Visit, shown cookie.Cart, err error) error {
	status := ask.StatusOf(err)
	if !slices.Contains([]int{http.StatusUnprocessableEntity, http.StatusServiceUnavailable, http.StatusTooManyRequests}, status) {
		return err
	}
	v.Cart = shown
	b := billOf(v, basketOf(v))
	b.Key, b.Refused, b.Wrong = shown.Key, v.Words.Of("refused", ask.CodeOf(err)), visit.Wrong(v.Words, err, "/ship_to/", "/contact/", "/")
	b.Repeated = slices.Contains([]string{"IDEMPOTENCY_KEY_REUSED", sentSignedIn}, ask.CodeOf(err))
	for _, name := range append([]string{"email", "payment_token"}, addressFields...) {
		b.Form[name] = cmp.Or(v.Form(name), "")
	}
	return v.Show(status, "checkout", v.Words.Text("checkout"), b)
}
