package template_test

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/services/notification"
	"github.com/amends/amends/services/notification/template"
	"github.com/amends/amends/services/order"
)

func values() template.Values {
	return template.Values{
		Facts: notification.Facts{
			Lines: []notification.Line{{SKU: "MUG", Quantity: 2}}, Total: money.New(12600, "EUR"), Reason: string(order.OutOfStock), Reset: true,
		},
		Subject: "order-1", Name: "Ada <b>", Token: "amv_1_<x>", Invoice: "https://shop.example/v1/orders/order-1/invoice",
	}
}

// secret are the kinds that carry a token.
var secret = []notification.Kind{notification.ConfirmRegistration, notification.ConfirmAddress, notification.ResetPassword}

// unproven are the kinds that go to an address of which it is not known whose it is.
var unproven = []notification.Kind{notification.ConfirmRegistration, notification.ConfirmAddress}

// TestEveryKindHasItsTexts: one that is missing fails the build here, and is written in
// another language at run time.
func TestEveryKindHasItsTexts(t *testing.T) {
	t.Parallel()
	all := template.New()
	for _, r := range notification.Rules {
		for _, locale := range template.Locales {
			for _, c := range slices.Concat(notification.Always, r.Optional) {
				require.True(t, all.Has(r.Kind, c, locale), "%s by %s in %s", r.Kind, c, locale)
			}
			if r.Optional != nil {
				short, _, err := all.Render(r.Kind, notification.SMS, locale, values())
				require.NoError(t, err)
				require.Empty(t, short.HTML)
				require.Contains(t, short.Body, "order-1")
				require.NotContains(t, short.Body, "Ada", "it is shown on locked screens")
			}
			text, used, err := all.Render(r.Kind, notification.Email, locale, values())
			require.NoError(t, err)
			require.Equal(t, locale, used)
			require.NotEmpty(t, text.Subject)
			require.NotContains(t, text.Subject, "<")
			if slices.Contains(unproven, r.Kind) {
				require.NotContains(t, text.Body+text.HTML, "Ada", "a stranger may have chosen the name, to write to others by it")
			} else {
				require.Contains(t, text.Body, "Ada <b>", "plain text is not escaped")
				require.Contains(t, text.HTML, "Ada &lt;b&gt;", "HTML is")
			}
			require.NotContains(t, text.Body+text.HTML, "<no value>")
			require.Equal(t, slices.Contains(secret, r.Kind), strings.Contains(text.Body, "amv_1_<x>"), r.Kind)
			require.Equal(t, slices.Contains(secret, r.Kind), strings.Contains(text.HTML, "amv_1_&lt;x&gt;"), r.Kind)
		}
	}
}

// TestAnOrderWithoutLinesIsCancelled: it may have named goods that are not sold.
func TestAnOrderWithoutLinesIsCancelled(t *testing.T) {
	t.Parallel()
	v := values()
	v.Lines = nil
	for _, locale := range template.Locales {
		text, _, err := template.New().Render(notification.OrderCancelled, notification.Email, locale, v)
		require.NoError(t, err)
		require.NotRegexp(t, `:\s*\n`, text.Body, "nothing is announced that does not follow")
		require.NotContains(t, text.HTML, "<ul>")
	}
}

func TestALanguageFallsBack(t *testing.T) {
	t.Parallel()
	for locale, want := range map[string]string{"de-AT": "de", "de_CH": "de", "DE": "de", "en-GB": "en", "fr": "en", "": "en", "../de": "en"} {
		_, used, err := template.New().Render(notification.OrderConfirmed, notification.Email, locale, values())
		require.NoError(t, err)
		require.Equal(t, want, used, locale)
	}
}

// TestAMissingTextIsWrittenInAnotherLanguage removes one, and then all.
func TestAMissingTextIsWrittenInAnotherLanguage(t *testing.T) {
	t.Parallel()
	some, err := template.Parse(fstest.MapFS{
		"layout.html": {Data: []byte(`{{template "content" .}}`)}, "order.confirmed/en.txt": {Data: []byte("Hi\n\n{{.Name}}")},
	})
	require.NoError(t, err)
	text, used, err := some.Render(notification.OrderConfirmed, notification.Email, "de", values())
	require.NoError(t, err)
	require.Equal(t, "en", used)
	require.Equal(t, template.Text{Subject: "Hi", Body: "Ada <b>"}, text)
	_, _, err = some.Render(notification.OrderCancelled, notification.Email, "de", values())
	require.ErrorContains(t, err, "there is no text of order.cancelled")
}

func TestEveryReasonHasWords(t *testing.T) {
	t.Parallel()
	for _, reason := range []order.Reason{
		order.UnknownSKU, order.CurrencyMismatch, order.OutOfStock, order.PaymentDeclined, order.Undeliverable,
		order.CustomerRequest, order.Deadline,
	} {
		for _, locale := range template.Locales {
			of := func(code string) string {
				v := values()
				v.Reason = code
				text, _, err := template.New().Render(notification.OrderCancelled, notification.Email, locale, v)
				require.NoError(t, err)
				return text.Body
			}
			require.NotEqual(t, of("A_CODE_OF_LATER"), of(string(reason)), "%s in %s", reason, locale)
			require.NotContains(t, of(string(reason)), string(reason))
		}
	}
}
