package console

import (
	"html/template"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRepair(t *testing.T) {
	t.Parallel()
	w := &world{}
	p := signedIn(t, serve(t, w), nightSecret)
	page := p.get("/orders/" + flagged).text
	for _, words := range []string{"Retry payment.authorize", "The next attempt of payment.authorize is made now", "Give up the undo of payment.authorize", "It is not known whether it took effect", "pivot"} {
		require.Contains(t, page, words)
	}
	a := p.send("/orders/"+flagged, "/orders/"+flagged+"/act", url.Values{"action": {"retry"}, "step": {"payment.authorize"}, "reason": {canary}, "key": {"k1"}})
	require.Equal(t, http.StatusSeeOther, a.StatusCode, a.text)
	require.Len(t, w.repaired, 1)
	require.Equal(t, "payment.authorize", *w.repaired[0].Step)

	page = p.get("/orders/" + flagged).text
	require.Contains(t, page, "What was asked for")
	require.Contains(t, page, " settled</span>")
	require.NotContains(t, page, "not settled yet")
	require.NotContains(t, page, "<script>document")

	t.Run("OfSupportIsRefused", func(t *testing.T) {
		t.Parallel()
		mia := signedIn(t, serve(t, &world{}), supportSecret)
		require.NotContains(t, mia.get("/orders/"+flagged).text, "Retry payment.authorize", "support sees")
		require.Contains(t, mia.get("/orders/"+confirmed).text, "Pay money back")
		a := mia.send("/orders/"+flagged, "/orders/"+flagged+"/act", url.Values{"action": {"retry"}, "step": {"payment.authorize"}, "reason": {"r"}})
		require.Equal(t, http.StatusForbidden, a.StatusCode, "and the API decides")
		require.Contains(t, a.text, `href="`+Below+"/orders/"+flagged+`"`, "the page leads back to the order")
	})
}

// TestEveryActionCanBeTriedFirst: the page tells the effect, changes nothing, and keeps the form
// as the person has filled it in.
func TestEveryActionCanBeTriedFirst(t *testing.T) {
	t.Parallel()
	const page = "/orders/" + flagged
	for action, form := range map[string]url.Values{
		"retry":  {"step": {"payment.authorize"}},
		"skip":   {"step": {"payment.authorize"}, "reference": {"case 4711"}},
		"resume": {},
	} {
		t.Run(action, func(t *testing.T) {
			t.Parallel()
			w := &world{}
			p := signedIn(t, serve(t, w), nightSecret)
			require.Equal(t, 3, strings.Count(p.get(page).text, "Try it without a change"))
			for name, value := range map[string]string{"action": action, "reason": canary, "key": "k1", "dry_run": "yes"} {
				form.Set(name, value)
			}
			a := p.send(page, page+"/act", form)
			require.Equal(t, http.StatusOK, a.StatusCode, a.text)
			require.Equal(t, []string{"dry " + action}, w.asked)
			require.Empty(t, w.repaired)
			for _, words := range []string{
				"The " + action + " can be made, and nothing was changed", "tells order.aborted", "leaves money held: 126.00 EUR as it is, with a waiver", "takes down the flag of payment.authorize",
				"<li>asks whether payment.capture has happened, and blocks it if not</li>", "then, as far as it is left to do, asks for the undo of payment.authorize, 126.00 EUR",
				"asks for the undo of inventory.reserve, 3 units", "asks shipping.book, 1 parcel",
			} {
				require.Contains(t, a.text, words)
			}
			require.NotContains(t, a.text, "<script>document")
			require.Contains(t, a.text, `value="`+template.HTMLEscapeString(canary)+`"`, "the reason stays")
			require.Equal(t, 1, strings.Count(a.text, "autofocus"))

			form.Del("dry_run")
			require.Equal(t, http.StatusSeeOther, p.send(page, page+"/act", form).StatusCode)
			require.Len(t, w.repaired, 1)
			require.Equal(t, action, string(w.repaired[0].Action))
		})
	}

	t.Run("ARefund", func(t *testing.T) {
		t.Parallel()
		w := &world{}
		p := signedIn(t, serve(t, w), nightSecret)
		const page = "/orders/" + confirmed
		a := p.send(page, page+"/refund", url.Values{"action": {"refund"}, "amount": {"5"}, "currency": {"EUR"}, "reason": {"broken"}, "take_back": {"yes"}, "key": {"k"}, "dry_run": {"yes"}})
		require.Equal(t, http.StatusOK, a.StatusCode, a.text)
		for _, words := range []string{"asks payment.refund, 5.00 EUR", "121.00 EUR could be paid back after that", `name="amount" inputmode="decimal" value="5"`, `name="take_back" value="yes" checked`} {
			require.Contains(t, a.text, words)
		}
		require.Empty(t, w.keys, "nothing was asked for")
	})

	t.Run("ARefusalIsTold", func(t *testing.T) {
		t.Parallel()
		w := &world{refuse: "NOT_FLAGGED"}
		p := signedIn(t, serve(t, w), nightSecret)
		a := p.send(page, page+"/act", url.Values{"action": {"retry"}, "step": {"payment.authorize"}, "reason": {"why"}, "dry_run": {"yes"}})
		require.Equal(t, http.StatusOK, a.StatusCode)
		require.Contains(t, a.text, "This would be refused: A problem: NOT_FLAGGED")
		require.Equal(t, http.StatusSeeOther, p.get(page+"/act").StatusCode, "the address leads back to the order")
	})
}

// TestARefundWhoseAnswerIsLost: the person goes back, loads the page again, and sends the form
// once more.
func TestARefundWhoseAnswerIsLost(t *testing.T) {
	t.Parallel()
	const page = "/orders/" + confirmed
	setup := func(t *testing.T) (w *world, key func(path string) string, send func() answer) {
		t.Helper()
		w = &world{}
		p := signedIn(t, serve(t, w), nightSecret)
		field := regexp.MustCompile(`/refund">.*?name="key" value="([^"]+)"`)
		key = func(path string) string {
			found := field.FindStringSubmatch(p.get(path).text)
			require.NotNil(t, found, "the page has no form for a refund")
			return found[1]
		}
		return w, key, func() answer {
			return p.send(page, page+"/refund", url.Values{"amount": {"5"}, "currency": {"EUR"}, "reason": {"broken"}, "key": {key(page)}})
		}
	}

	t.Run("IsTheSameRefundAgain", func(t *testing.T) {
		t.Parallel()
		w, key, send := setup(t)
		require.Equal(t, http.StatusSeeOther, send().StatusCode)
		again := send()
		require.Equal(t, http.StatusSeeOther, again.StatusCode)
		require.Len(t, w.keys, 2)
		require.Equal(t, w.keys[0], w.keys[1])

		to := strings.TrimPrefix(strings.TrimSuffix(again.Header.Get("Location"), "#asked"), Below)
		second := key(to)
		require.NotEqual(t, w.keys[0], second, "the answer has come, so the next refund is another one")
		require.Equal(t, second, key(to), "a reload is no next one")
	})

	t.Run("StaysTheSameWhileItIsNotKnown", func(t *testing.T) {
		t.Parallel()
		w, key, send := setup(t)
		w.refuse = "UNAVAILABLE"
		send()
		require.Equal(t, w.keys[0], key(page))
	})

	t.Run("OfAnotherAmountIsToldAboutTheFirst", func(t *testing.T) {
		t.Parallel()
		w, key, send := setup(t)
		w.refuse = "IDEMPOTENCY_KEY_REUSED"
		a := send()
		require.Equal(t, http.StatusUnprocessableEntity, a.StatusCode)
		require.Contains(t, a.text, "Look at the money of the order first")
		require.NotEqual(t, w.keys[0], key(page), "then the person decides")
	})

	t.Run("ThatExceedsTheCaptureCanBeMadeSmaller", func(t *testing.T) {
		t.Parallel()
		w, key, send := setup(t)
		w.refuse = "REFUND_EXCEEDS_CAPTURE"
		require.Equal(t, http.StatusUnprocessableEntity, send().StatusCode)
		require.NotEqual(t, w.keys[0], key(page))
	})
}
