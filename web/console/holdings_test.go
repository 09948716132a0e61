package console

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAnOrderShowsItsStockAndParcels(t *testing.T) {
	t.Parallel()
	p := signedIn(t, serve(t, &world{}), nightSecret)
	for _, id := range []string{flagged, undone} { // of both styles
		text := p.get("/orders/" + id).text
		for _, words := range []string{
			`<th scope="row">MUG-STONEWARE</th><td class="num">2</td><td>BER</td>`, " let go</span>", `<td class="num">2</td><td>AMS</td>`, " reserved</span>",
			`<th scope="row">BER</th><td class="nowrap">`, " booked</span>", "<td>post&#34;", "<code>T-1&#34;", " cancelled</span></td><td>–</td><td>–</td>",
		} {
			require.Contains(t, text, words)
		}
	}
	none := signedIn(t, serve(t, &world{empty: true}), nightSecret).get("/orders/" + flagged).text
	for _, words := range []string{"No payment has begun", "No stock was reserved", "No parcel is booked"} {
		require.Contains(t, none, words)
	}
}

// TestAPartThatDoesNotAnswerIsNotNone: nothing is known of it.
func TestAPartThatDoesNotAnswerIsNotNone(t *testing.T) {
	t.Parallel()
	text := signedIn(t, serve(t, &world{lost: true}), nightSecret).get("/orders/" + flagged).text
	require.Equal(t, 4, strings.Count(text, "Not known</span> It does not answer right now"))
	for _, words := range []string{"No payment has begun", "No stock was reserved", "No parcel is booked", "None were sent"} {
		require.NotContains(t, text, words)
	}
}

// TestTheInvoiceIsThatOfTheCustomer: the page of the contract, with its own protection.
func TestTheInvoiceIsThatOfTheCustomer(t *testing.T) {
	t.Parallel()
	server := serve(t, &world{})
	p := signedIn(t, server, supportSecret)
	link := `<a href="` + Below + "/orders/" + confirmed + `/invoice">INV-00000042</a>`
	require.Contains(t, p.get("/orders/"+confirmed).text, link)
	require.NotContains(t, p.get("/orders/"+flagged).text, "/invoice", "it is not decided")

	page := p.do(http.MethodGet, Below+"/orders/"+confirmed+"/invoice", nil, "Accept-Language: de")
	require.Equal(t, http.StatusOK, page.StatusCode)
	require.Equal(t, "<h1>INV-00000042 in de</h1>", page.text)
	require.Equal(t, []string{"default-src 'none'"}, page.Header.Values("Content-Security-Policy"))
	require.Equal(t, "nosniff", page.Header.Get("X-Content-Type-Options"))
	require.Equal(t, http.StatusConflict, p.get("/orders/"+flagged+"/invoice").StatusCode)
	stranger := &person{t: t, server: server}
	require.Equal(t, http.StatusSeeOther, stranger.get("/orders/"+confirmed+"/invoice").StatusCode)
}
