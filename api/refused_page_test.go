package api

import (
	"crypto/sha256"
	"encoding/base64"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/api/problem"
	"github.com/amends/amends/api/shop"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/identity/token"
	"github.com/amends/amends/internal/orders/refund"
	"github.com/amends/amends/workflows"
)

// TestALinkThatIsRefusedIsAPage: a browser that opens the link of a mail, often without a
// session, shows its reader the next step.
func TestALinkThatIsRefusedIsAPage(t *testing.T) {
	t.Parallel()
	const browser = "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
	// refused asks for an invoice, as a page and as JSON, and returns the page.
	refused := func(t *testing.T, b *testBundle, query string, status int, code fault.Code, header ...string) response {
		t.Helper()
		path := "/v1/orders/" + accountsOrder + "/invoice" + query
		document := b.do(t, http.MethodGet, path, "", header...)
		document.refused(t, status, code)
		answer := b.do(t, http.MethodGet, path, "", append(header, browser)...)
		require.Equal(t, status, answer.StatusCode, answer.text)
		require.Equal(t, "text/html; charset=utf-8", answer.Header.Get("Content-Type"))
		require.Equal(t, "no-store", answer.Header.Get("Cache-Control"))
		require.Equal(t, document.Header.Get("WWW-Authenticate"), answer.Header.Get("WWW-Authenticate"))
		requireInert(t, answer)
		require.Contains(t, answer.text, answer.Header.Get("X-Request-Id"))
		for _, raw := range []string{string(code), "<no value>", "%!"} {
			require.NotContains(t, answer.text, raw)
		}
		return answer
	}
	away := shop.Services{Catalog: named(fakePart{}), Order: fakeOrders{view: sold, fail: fault.Errorf(fault.Transient, fault.Unavailable, "10.0.0.7 is away")}, Payment: fakePart{}}
	pending := func(id string) workflows.OrderView {
		v := sold(id)
		v.Status = workflows.StatusPending
		return v
	}
	signed := func(t *testing.T, s shop.Services) *testBundle {
		return shopWith(t, func(c *Config) { c.GuestSecret = "" }, WithLogger(slog.New(slog.DiscardHandler)), WithServices(s),
			WithVerifier(token.NewVerifier(token.Config{Source: newAccounts(t), Logger: slog.New(slog.DiscardHandler)})))
	}

	t.Run("WithoutASession", func(t *testing.T) {
		t.Parallel()
		b := signed(t, invoiced())
		for header, want := range map[string][2]string{
			"":              {"en", "Please sign in"},
			"de-AT,en;q=.5": {"de", "Bitte melden Sie sich an"},
			"fr":            {"en", "then open the link from the mail once more"},
		} {
			answer := refused(t, b, "", http.StatusUnauthorized, token.Unauthenticated, "Accept-Language: "+header)
			require.Equal(t, want[0], answer.Header.Get("Content-Language"))
			require.Contains(t, answer.text, `<html lang="`+want[0]+`">`)
			require.Contains(t, answer.text, want[1])
		}
		require.Contains(t, refused(t, b, "?lang=de", http.StatusUnauthorized, token.Unauthenticated, "Accept-Language: en").text, "öffnen Sie dann den Link aus der Mail noch einmal")
	})
	t.Run("OfAnotherAccountOrWhereGuestsAreServed", func(t *testing.T) {
		t.Parallel()
		b := shopWith(t, func(*Config) {}, WithServices(invoiced()))
		require.Contains(t, refused(t, b, "?lang=en", http.StatusNotFound, fault.NotFound, "Amends-Claim: of another order").text, "with the account of the order")
	})
	t.Run("OfAnOrderWithoutAnInvoice", func(t *testing.T) {
		t.Parallel()
		s := invoiced()
		s.Order = fakeOrders{view: pending}
		require.Contains(t, refused(t, signed(t, s), "?lang=de", http.StatusConflict, refund.NotConfirmed, asOwner).text, "sobald sie bestätigt ist")
	})
	t.Run("ThatIsDamaged", func(t *testing.T) {
		t.Parallel()
		b := signed(t, invoiced())
		require.Contains(t, refused(t, b, "?lang=d", http.StatusUnprocessableEntity, problem.ValidationFailed, asOwner).text, "The link is damaged")
	})
	t.Run("WhileAServiceIsAway", func(t *testing.T) {
		t.Parallel()
		answer := refused(t, signed(t, away), "", http.StatusServiceUnavailable, fault.Unavailable, asOwner)
		requireRetryAfter(t, answer.Header)
		require.Contains(t, answer.text, "Nothing is lost")
		require.NotContains(t, answer.text, "10.0.0.7")
	})
	t.Run("OnlyWhereThereArePages", func(t *testing.T) {
		t.Parallel()
		b := signed(t, invoiced())
		b.do(t, http.MethodGet, "/v1/orders/"+accountsOrder, "", browser).refused(t, http.StatusUnauthorized, token.Unauthenticated)
	})
}

// requireInert requires that a page runs and loads nothing, and that a browser takes its style.
func requireInert(t *testing.T, page response) {
	t.Helper()
	for _, mark := range []string{"<script", "<img", "src=", "href=", "url(", "@import", "http:", "https:", "style="} {
		require.NotContains(t, page.text, mark)
	}
	_, rest, found := strings.Cut(page.text, "<style>")
	require.True(t, found)
	style, rest, found := strings.Cut(rest, "</style>")
	require.True(t, found)
	require.NotContains(t, rest, "<style")
	sum := sha256.Sum256([]byte(style))
	policy := page.Header.Get("Content-Security-Policy")
	require.Contains(t, policy, "style-src 'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'", "or the browser would ignore it")
	require.NotContains(t, policy, "unsafe")
	require.Contains(t, policy, "default-src 'none'")
}
