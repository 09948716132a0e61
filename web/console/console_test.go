package console

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

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
