package console

import (
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/api/contract"
)

// details are pages beside those to which every page has a link.
var details = []string{
	"/orders/" + flagged, "/orders/" + confirmed, "/orders/" + undone, "/orders?needs_attention=true&q=" + url.QueryEscape(canary), "/cases/" + caseID,
	"/mail/m1", "/letters?group=payment", "/letters/redrives/rdr_2?group=payment", "/batches/BATCH7", "/routes/orders", "/routes/products", "/events/graph", "/none",
	"/doctor/" + doctorRun, "/doctor/r4",
}

func everyPage() (all []string) {
	for _, p := range Pages {
		all = append(all, p.Path)
	}
	return append(all, details...)
}

var (
	inline    = regexp.MustCompile(`(?i)<script(?:>|[^>]*[^"]>)|<style|\sstyle=|\son[a-z]+="|javascript:`)
	elsewhere = regexp.MustCompile(`(?:src|action|srcset)="(?:https?:)?//`)
)

func TestEveryPageIsSafeAndSmall(t *testing.T) {
	t.Parallel()
	for name, w := range map[string]*world{"Full": {}, "Empty": {empty: true}, "Away": {away: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := signedIn(t, serve(t, w), nightSecret)
			for _, path := range everyPage() {
				a := p.get(path)
				require.Contains(t, a.Header.Get("Content-Security-Policy"), "default-src 'self';", path)
				require.NotContains(t, a.Header.Get("Content-Security-Policy"), "unsafe", path)
				require.Equal(t, "no-store", a.Header.Get("Cache-Control"), path)
				require.NotContains(t, a.text, "<script>document", "%s: a text of a person is a part of the page", path)
				require.NotContains(t, a.text, "<img src=x", path)
				require.NotContains(t, a.text, "ZgotmplZ", path)
				require.Empty(t, inline.FindAllString(strings.ReplaceAll(a.text, `<script type="module" src="`, `<script src="`), -1), path)
				require.Empty(t, elsewhere.FindAllString(a.text, -1), path)
				require.Contains(t, a.text, "</html>", "%s is whole", path)
				require.Less(t, weight(t, p, a), 100<<10, "%s: bytes with all that it loads", path)
				switch {
				case path == "/none":
					require.Equal(t, http.StatusNotFound, a.StatusCode)
				case name == "Full":
					require.Equal(t, http.StatusOK, a.StatusCode, "%s: %s", path, a.text)
					require.NotContains(t, a.text, "cannot be shown", path)
				case name == "Empty" && !strings.Contains(path, "/m1"):
					require.Equal(t, http.StatusOK, a.StatusCode, "%s: %s", path, a.text)
				}
			}
		})
	}
}

// weight returns the bytes of a page with its assets.
func weight(t *testing.T, p *person, a answer) int {
	t.Helper()
	n := len(a.text)
	for _, found := range regexp.MustCompile(`"(`+Below+`/assets/[^"]+)"`).FindAllStringSubmatch(a.text, -1) {
		asset := p.do(http.MethodGet, found[1], nil)
		require.Equal(t, http.StatusOK, asset.StatusCode, found[1])
		n += len(asset.text)
	}
	return n
}

func TestHomeLeadsToWhatNeedsAPerson(t *testing.T) {
	t.Parallel()
	p := signedIn(t, serve(t, &world{}), nightSecret)
	text := p.get("/").text
	for _, words := range []string{"1,512.00", "36 units", "payment.authorize", "PROVIDER_TIMEOUT", "money held", "/orders/" + flagged, "shipments did not answer", "Cause: no worker.", "3 h ago", "+2"} {
		require.Contains(t, strings.ReplaceAll(text, "1512.00", "1,512.00"), words)
	}
	require.NotContains(t, text, "Nothing needs a person")
	for _, words := range []string{"came in the last hour: 1 from 5 to 0 minutes ago", "came in the last hour: 2 from 25 to 20 minutes ago", "none came in the last hour"} {
		require.Contains(t, text, `role="img" aria-label="`+words, "the trend, in words")
	}

	calm := signedIn(t, serve(t, &world{empty: true}), nightSecret).get("/").text
	require.Contains(t, calm, "Nothing needs a person")

	dark := signedIn(t, serve(t, &world{away: true}), nightSecret).get("/").text
	require.Contains(t, dark, "cannot be shown", "the page says that it does not know")
	require.NotContains(t, dark, "Nothing needs a person")
}

func TestSignIn(t *testing.T) {
	t.Parallel()

	t.Run("LeadsToThePageThatWasAskedFor", func(t *testing.T) {
		t.Parallel()
		p := &person{t: t, server: serve(t, &world{})}
		a := p.get("/orders/" + flagged + "?x=1")
		require.Equal(t, http.StatusSeeOther, a.StatusCode)
		to := a.Header.Get("Location")
		require.Equal(t, Below+"/sign-in?next="+url.QueryEscape(Below+"/orders/"+flagged+"?x=1"), to)
		back := p.send(strings.TrimPrefix(to, Below), "/sign-in", url.Values{"secret": {nightSecret}, "next": {Below + "/orders/" + flagged}})
		require.Equal(t, Below+"/orders/"+flagged, back.Header.Get("Location"))
		require.True(t, p.cookie.HttpOnly)
		require.Equal(t, http.StatusOK, p.get("/").StatusCode)
	})

	t.Run("LeadsToNoOtherSite", func(t *testing.T) {
		t.Parallel()
		server := serve(t, &world{})
		for _, to := range []string{"https://evil.example/", "//evil.example/console/", Below + "\\evil", "/elsewhere", "javascript:alert(1)", Below + "/\\evil.example"} {
			p := &person{t: t, server: server}
			a := p.send("/sign-in?"+url.Values{"next": {to}}.Encode(), "/sign-in", url.Values{"secret": {nightSecret}, "next": {to}})
			require.Equal(t, Below+"/", a.Header.Get("Location"), to)
		}
	})

	t.Run("RefusesAWrongSecretAndAFormOfElsewhere", func(t *testing.T) {
		t.Parallel()
		p := &person{t: t, server: serve(t, &world{})}
		a := p.send("/sign-in", "/sign-in", url.Values{"secret": {"not-the-secret"}})
		require.Equal(t, http.StatusUnauthorized, a.StatusCode)
		require.Nil(t, p.cookie)
		require.NotContains(t, a.text, "not-the-secret", "the secret is not in the page")
		require.Equal(t, http.StatusForbidden, p.do(http.MethodPost, Below+"/sign-in", url.Values{"secret": {nightSecret}}).StatusCode)
		cross := p.do(http.MethodPost, Below+"/sign-in", url.Values{"secret": {nightSecret}}, "Sec-Fetch-Site: cross-site")
		require.Equal(t, http.StatusForbidden, cross.StatusCode)
	})

	t.Run("EndsWithTheSignOut", func(t *testing.T) {
		t.Parallel()
		p := signedIn(t, serve(t, &world{}), nightSecret)
		stolen := *p.cookie
		require.Equal(t, http.StatusSeeOther, p.send("/", "/sign-out", url.Values{}).StatusCode)
		require.Negative(t, p.cookie.MaxAge)
		p.cookie = &stolen
		require.Equal(t, http.StatusSeeOther, p.get("/").StatusCode, "the session is over, not only its cookie")
	})

	t.Run("AFormNeedsTheTokenOfItsSession", func(t *testing.T) {
		t.Parallel()
		w := &world{}
		server := serve(t, w)
		night, other := signedIn(t, server, nightSecret), signedIn(t, server, nightSecret)
		theirs := tokenField.FindStringSubmatch(other.get("/orders/" + flagged).text)[1]
		for _, token := range []string{"", theirs} {
			a := night.do(http.MethodPost, Below+"/orders/"+flagged+"/act", url.Values{"csrf": {token}, "action": {"retry"}, "step": {"payment.authorize"}, "reason": {"r"}})
			require.Equal(t, http.StatusForbidden, a.StatusCode)
		}
		require.Empty(t, w.repaired)
	})
}

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

// TestEveryActionCanBeTriedFirst: the page tells what it would do, changes nothing, and keeps the form
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

func TestBatchTellsTheEffectOnEachOrder(t *testing.T) {
	t.Parallel()
	w := &world{}
	p := signedIn(t, serve(t, w), nightSecret)
	a := p.send("/orders", "/batches", url.Values{"order": {flagged, confirmed, "unknown"}, "action": {"retry"}, "reason": {canary}})
	require.Equal(t, http.StatusSeeOther, a.StatusCode, a.text)
	path := strings.TrimPrefix(a.Header.Get("Location"), Below)
	require.Eventually(t, func() bool { return strings.Contains(p.get(path).text, " over</span>") }, time.Minute, 10*time.Millisecond)
	text := p.get(path).text
	for _, words := range []string{" done</span>", " skipped</span>", " failed</span>", "settled: PENDING"} {
		require.Contains(t, text, words)
	}
	require.NotContains(t, text, "<script>document")
	require.NotContains(t, text, "Not kept")
	require.Len(t, w.repaired, 1)
}

// TestABatchOutlivesItsProcess: a console that knows nothing of a batch shows it, and a person who
// signs in there resumes it in their own name.
func TestABatchOutlivesItsProcess(t *testing.T) {
	t.Parallel()
	w := &world{}
	server := serve(t, w)
	p := signedIn(t, server, nightSecret)
	text := p.get("/batches/BATCH7").text
	for _, words := range []string{" interrupted</span>", "settled: CONFIRMED", "Nothing is lost", " waiting</span>", ">Resume</button>", ">Stop</button>"} {
		require.Contains(t, text, words)
	}
	require.Empty(t, w.repaired, "no one has resumed it")
	require.NotContains(t, signedIn(t, server, supportSecret).get("/batches/BATCH7").text, "Resume</button>")

	require.Equal(t, http.StatusSeeOther, p.send("/batches/BATCH7", "/batches/BATCH7", url.Values{"do": {"resume"}}).StatusCode)
	require.Eventually(t, func() bool { return strings.Contains(p.get("/batches/BATCH7").text, " over</span>") }, time.Minute, 10*time.Millisecond)
	require.Len(t, w.repaired, 1, "what was done is not done again")
	w.mu.Lock()
	defer w.mu.Unlock()
	orders := w.batches["BATCH7"].Orders
	require.Equal(t, []string{"ann", nightSecret}, []string{*orders[0].By, *orders[len(orders)-1].By})
}

// TestABatchStartsWithoutTheUserService, which keeps lists, and says that its own ends with the process.
func TestABatchStartsWithoutTheUserService(t *testing.T) {
	t.Parallel()
	w := &world{journal: true}
	p := signedIn(t, serve(t, w), nightSecret)
	a := p.send("/orders", "/batches", url.Values{"order": {flagged}, "action": {"retry"}, "reason": {"they are back"}})
	require.Equal(t, http.StatusSeeOther, a.StatusCode, a.text)
	path := strings.TrimPrefix(a.Header.Get("Location"), Below)
	require.Eventually(t, func() bool { return strings.Contains(p.get(path).text, " over</span>") }, time.Minute, 10*time.Millisecond)
	require.Contains(t, p.get(path).text, "Not kept")
	require.Len(t, w.repaired, 1)
}

func TestABatchCanBeTriedFirst(t *testing.T) {
	t.Parallel()
	w := &world{}
	p := signedIn(t, serve(t, w), nightSecret)
	a := p.send("/orders", "/batches", url.Values{"order": {flagged, confirmed}, "action": {"retry"}, "reason": {"why"}, "dry_run": {"yes"}})
	require.Equal(t, http.StatusSeeOther, a.StatusCode, a.text)
	path := strings.TrimPrefix(a.Header.Get("Location"), Below)
	require.Eventually(t, func() bool { return strings.Contains(p.get(path).text, " over</span>") }, time.Minute, 10*time.Millisecond)
	text := p.get(path).text
	for _, words := range []string{"dry run of retry", "nothing was changed; it tells order.aborted", "asks for the undo of inventory.reserve, 3 units", " skipped</span>"} {
		require.Contains(t, text, words)
	}
	require.Empty(t, w.repaired)
}

func TestFormsAskTheOperations(t *testing.T) {
	t.Parallel()
	w := &world{}
	p := signedIn(t, serve(t, w), nightSecret)
	for _, f := range []struct {
		page, path string
		form       url.Values
		want       string
	}{
		{"/letters", "/letters", url.Values{"letter": {"payment/e1"}, "reason": {"fixed"}, "do": {"redrive"}}, "/v1/dead-letters/e1/redrive"},
		{"/letters", "/letters", url.Values{"letter": {"payment/e1"}, "reason": {"fixed"}, "do": {"discard"}}, "/v1/dead-letters/e1/discard"},
		{"/letters?group=payment", "/letters/redrives", url.Values{"group": {"payment"}, "reason": {"fixed"}, "rate": {"20"}}, "/v1/redrives"},
		{"/cases/" + caseID, "/cases/" + caseID, url.Values{"text": {"hello"}, "do": {"answer"}}, "/v1/cases/" + caseID + "/answers"},
		{"/cases/" + caseID, "/cases/" + caseID, url.Values{"assignee": {"night"}, "do": {"assign"}}, "/v1/cases/" + caseID + "/assign"},
		{"/cases/" + caseID, "/cases/" + caseID, url.Values{"do": {"close"}}, "/v1/cases/" + caseID + "/close"},
		{"/load", "/load", url.Values{"kind": {"good"}, "count": {"2"}}, "/v1/orders"},
	} {
		a := p.send(f.page, f.path, f.form)
		require.Equal(t, http.StatusSeeOther, a.StatusCode, "%s: %s", f.want, a.text)
		require.Equal(t, f.want, w.asked[len(w.asked)-1])
	}
	require.Equal(t, http.StatusUnprocessableEntity, p.send("/load", "/load", url.Values{"kind": {"good"}, "count": {"101"}}).StatusCode)
	require.Equal(t, http.StatusUnprocessableEntity, p.send("/letters", "/letters", url.Values{"reason": {"r"}}).StatusCode)
}

func TestFaultsAreSwitched(t *testing.T) {
	t.Parallel()
	w := &world{}
	server := serve(t, w)
	night := signedIn(t, server, nightSecret)
	require.Contains(t, night.get("/load").text, "Switch on: The payment provider is slow")
	require.Equal(t, http.StatusSeeOther, night.send("/load", "/load/faults", url.Values{"fault": {"provider-slow"}, "on": {"yes"}}).StatusCode)
	require.True(t, w.slow.Load())
	require.Contains(t, night.get("/load").text, "Switch off: The payment provider is slow")
	require.NotEqual(t, http.StatusSeeOther, night.send("/load", "/load/faults", url.Values{"fault": {"earthquake"}, "on": {"yes"}}).StatusCode)

	mia := signedIn(t, server, supportSecret)
	require.NotContains(t, mia.get("/load").text, "Switch off")
	refused := mia.send("/load", "/load/faults", url.Values{"fault": {"provider-slow"}, "on": {"no"}})
	require.Equal(t, http.StatusUnprocessableEntity, refused.StatusCode)
	require.Contains(t, refused.text, `href="`+Below+`/load"`, "the page leads back to that of the form")
	require.True(t, w.slow.Load(), "support sees, operators act")
}

func TestARouteIsMoved(t *testing.T) {
	t.Parallel()
	w := &world{}
	p := signedIn(t, serve(t, w), nightSecret)
	list := p.get("/routes").text
	for _, words := range []string{"canary, 10 %", "312 of 1000", "0.32 %", "4711", "by itself", "left out, because it fails", "is held back by the gate", "/routes/orders"} {
		require.Contains(t, list, words)
	}
	require.Contains(t, signedIn(t, serve(t, &world{empty: true}), nightSecret).get("/routes").text, "This gateway has no routes")

	page := p.get("/routes/orders").text
	for _, words := range []string{"Give it back to the program", "Give a share to the services", "The program answers every request from now on", "in effect", "replaced since", "cut back by itself", "/price/amount"} {
		require.Contains(t, page, words)
	}
	closed := p.send("/routes/orders", "/routes/orders/act", url.Values{"mode": {"service"}, "reason": {"r"}})
	require.Equal(t, http.StatusConflict, closed.StatusCode)
	require.Contains(t, closed.text, "ROUTE_NOT_READY")
	require.Contains(t, closed.text, `href="`+Below+"/routes/orders"+`"`, "the page leads back to the route")
	for _, form := range []url.Values{
		{"mode": {"service"}, "reason": {canary}, "force": {"yes"}},
		{"mode": {"canary"}, "percent": {"12,5"}, "reason": {"r"}},
	} {
		a := p.send("/routes/orders", "/routes/orders/act", form)
		require.Equal(t, http.StatusSeeOther, a.StatusCode, a.text)
	}
	require.Len(t, w.set, 2)
	require.Equal(t, contract.RouteService, *w.set[0].Route.Mode)
	require.True(t, *w.set[0].Force)
	require.InDelta(t, 12.5, *w.set[1].Route.Percent, 0)
	require.False(t, *w.set[1].Force)
	require.Equal(t, "10s", *w.set[1].Route.Gate.Window, "the rest stays as it is")
	require.Equal(t, http.StatusUnprocessableEntity, p.send("/routes/orders", "/routes/orders/act", url.Values{"mode": {"canary"}, "percent": {"some"}, "reason": {"r"}}).StatusCode)

	mia := signedIn(t, serve(t, w), supportSecret)
	require.Contains(t, mia.get("/routes").text, "312 of 1000", "support sees")
	require.NotContains(t, mia.get("/routes/orders").text, "Give it back to the program")
	require.Equal(t, http.StatusForbidden, mia.send("/routes", "/routes/orders/act", url.Values{"mode": {"legacy"}, "reason": {"r"}}).StatusCode, "and the API decides")
}

func TestAnOrderShowsItsLedger(t *testing.T) {
	t.Parallel()
	text := signedIn(t, serve(t, &world{}), nightSecret).get("/orders/" + confirmed).text
	const row = `<td>hold</td><th scope="row" class="nowrap">%s</th><td class="num">%s</td><td class="num">%s</td>`
	require.Contains(t, text, fmt.Sprintf(row, "funds held", "126.00 EUR", ""))
	require.Contains(t, text, fmt.Sprintf(row, "funds held contra", "", "126.00 EUR"))
}

func TestDataIsRedacted(t *testing.T) {
	t.Parallel()
	w := &world{}
	p := signedIn(t, serve(t, w), nightSecret)
	require.Contains(t, p.get("/orders/"+flagged+"/data").text, `"customer_id": "(redacted)"`)
	require.False(t, w.personal.Load())
	require.Contains(t, p.get("/orders/"+flagged+"/data?personal=yes").text, `"customer_id": "cus_`)
	require.True(t, w.personal.Load(), "for the audit")
}

func TestStreamOfASessionThatIsOverLeadsToTheSignIn(t *testing.T) {
	t.Parallel()
	p := &person{t: t, server: serve(t, &world{})}
	a := p.get("/stream")
	require.Equal(t, "text/event-stream", a.Header.Get("Content-Type"))
	require.Contains(t, a.text, "event: leave\ndata: "+Below+"/sign-in")
}
