package sale

import (
	"net/http"

	"github.com/amends/amends/web/shop/ask"
	"github.com/amends/amends/web/shop/cookie"
	"github.com/amends/amends/web/shop/visit"
)

// The key of a cart is one order of a guest, and another one of an account. A visitor whose
// answer was lost, and who signs in or out before the cart is sent again, would order twice. So
// the browser notes who sends a cart before it is ordered, and it is that sender's from then on.

// The senders of carts.
const (
	aGuest  = "guest"
	account = "account"
)

// Codes of the texts for a visitor who has signed in or out since the cart was sent.
const (
	sentAsGuest  = "SENT_AS_GUEST"
	sentSignedIn = "SENT_SIGNED_IN"
)

var errSentSignedIn = ask.Refuse(http.StatusUnprocessableEntity, sentSignedIn)

// guest reports whether a cart is ordered as a guest's.
func guest(v *visit.Visit, key string) bool { return !v.SignedIn() || v.Senders.Of(key) == aGuest }

// note has the browser note who sends a cart, and send it once more. If this answer is lost,
// nothing was ordered.
func note(v *visit.Visit, key string) error {
	sender := account
	if !v.SignedIn() {
		sender = aGuest
	}
	v.Keep(visit.SendersCookie, v.Senders.With(cookie.Pair{Name: key, Value: sender}).String(), visit.Month)
	return v.Repeat("/checkout?noted=yes")
}
