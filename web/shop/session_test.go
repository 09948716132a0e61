package shop_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestAnOrderOfASessionThatIsOver: as a guest's it would have another key than the one of the
// customer, and be placed twice if the first answer was lost.
func TestAnOrderOfASessionThatIsOver(t *testing.T) {
	t.Parallel()
	const own = "__Host-amends-csrf=" + csrf + "; __Host-amends-refresh=r"
	for name, c := range map[string]struct {
		cookies, token string
		placed         int
		to             string
	}{
		"LeadsToTheSignIn":                        {own, csrf, 0, "/sign-in?ended=yes&next=%2Fcheckout"},
		"LeadsToTheSignInIfAnotherTabFoundOut":    {"", csrf, 0, "/sign-in?ended=yes&next=%2Fcheckout"},
		"IsNotThatOfAGuestWhoHasNeverHadASession": {"", "", 1, "/orders/" + orderID},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := serve(t)
			b.goods()
			with(sale("PENDING", "done"))(b)
			b.api.change(func(f *fake) { f.ended = true })
			form := url.Values{"csrf": {c.token}, "key": {"AAAAAAAAAAAAAAAAAAAAAAAAAA"}, "lines": {"AAAAAAAAAAAAAAAAAAAAAAAAAA!MUG-STONEWARE*1"}, "currency": {"EUR"}}
			cart := "amends-cart=" + form.Get("lines")
			if c.cookies != "" {
				cart += "; " + c.cookies
			}
			res := b.send(t, http.MethodPost, "/checkout?noted=yes", form.Encode(), "Content-Type", "application/x-www-form-urlencoded", "Cookie", cart)
			require.Equal(t, http.StatusSeeOther, res.StatusCode)
			require.Equal(t, c.to, res.Header.Get("Location"))
			placed, _ := b.api.requests("POST", "/v1/orders")
			require.Len(t, placed, c.placed)
			if c.placed == 0 {
				for _, set := range res.Cookies() {
					require.NotEqual(t, "amends-cart", set.Name, "the cart stays as it is")
				}
			}
		})
	}
}

// TestALiveOrder: its API answers with the token that its stream began with, also after the
// end of that token.
func TestALiveOrder(t *testing.T) {
	t.Parallel()
	const path = "/orders/" + orderID + "/live"
	session := []string{"Cookie", "__Host-amends-csrf=" + csrf + "; __Host-amends-refresh=r; __Host-amends-access=old"}

	t.Run("ComesAgainWithANewToken", func(t *testing.T) {
		t.Parallel()
		b := serve(t)
		with(sale("PENDING", "done"))(b)
		b.refuses("GET", "/v1/orders/"+orderID, http.StatusUnauthorized, "UNAUTHENTICATED")
		res := b.send(t, http.MethodGet, path, "", session...)
		require.Empty(t, read(t, res), "the stream ends, and leads nowhere")

		b.api.change(func(f *fake) { clear(f.refuse) })
		with(sale("CONFIRMED", "done"))(b)
		res = b.send(t, http.MethodGet, path, "", "Cookie", "__Host-amends-csrf="+csrf+"; __Host-amends-refresh=r")
		require.Contains(t, read(t, res), "event: end\n")
		require.Len(t, res.Cookies(), 3)
	})

	t.Run("OfASessionThatIsOverLeadsToTheSignIn", func(t *testing.T) {
		t.Parallel()
		b := serve(t)
		b.api.change(func(f *fake) { f.ended = true })
		b.refuses("GET", "/v1/orders/"+orderID+"/events", http.StatusUnauthorized, "UNAUTHENTICATED")
		res := b.send(t, http.MethodGet, path, "", "Cookie", "__Host-amends-csrf="+csrf+"; __Host-amends-refresh=r")
		require.Contains(t, read(t, res), "event: leave\ndata: /sign-in?ended=yes&next=%2Forders%2F"+orderID+"\n")
	})
}
