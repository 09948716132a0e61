package page

import (
	"net/http"

	"github.com/amends/amends/api/problem"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/orders/invoice"
	"github.com/amends/amends/internal/orders/refund"
)

// words are a cause in a few words, and the reader's next step.
type words struct{ Title, Next string }

// in are texts in each of the languages of pages.
type in [2]words

// labels stand before the id of the request, by which an operator finds it in the log.
var labels = [2]string{"If you write to us about it, please state:", "Wenn Sie uns dazu schreiben, nennen Sie bitte:"}

// codes have texts of their own.
var codes = map[fault.Code]in{
	invoice.None: {
		{"This order has no invoice", "It cost nothing, so nothing was paid for it."},
		{"Zu dieser Bestellung gibt es keine Rechnung", "Sie war kostenlos, es wurde also nichts bezahlt."},
	},
	refund.NotConfirmed: {
		{"There is no invoice yet", "An order has its invoice once it is confirmed. One that was cancelled has none, because nothing was paid."},
		{"Es gibt noch keine Rechnung", "Eine Bestellung hat ihre Rechnung, sobald sie bestätigt ist. Eine stornierte hat keine, denn es wurde nichts bezahlt."},
	},
}

var damaged = in{
	{"The link is damaged", "Open it from the mail once more, as a whole."},
	{"Der Link ist beschädigt", "Öffnen Sie ihn noch einmal aus der Mail, im Ganzen."},
}

// statuses are the texts of all other codes.
var statuses = map[int]in{
	http.StatusBadRequest:          damaged,
	http.StatusUnprocessableEntity: damaged,
	http.StatusUnauthorized: {
		{"Please sign in", "Only the customer may see this. Sign in to the shop with this browser, then open the link from the mail once more."},
		{"Bitte melden Sie sich an", "Das darf nur der Kunde sehen. Melden Sie sich mit diesem Browser im Shop an, und öffnen Sie dann den Link aus der Mail noch einmal."},
	},
	http.StatusNotFound: {
		{"There is nothing here for you", "Sign in to the shop with this browser, with the account of the order, then open the link from the mail once more, as a whole."},
		{"Hier gibt es nichts für Sie", "Melden Sie sich mit diesem Browser im Shop an, mit dem Konto der Bestellung, und öffnen Sie dann den Link aus der Mail noch einmal, im Ganzen."},
	},
	http.StatusTooManyRequests: {
		{"That was too often", "Wait for a minute, then open the link once more."},
		{"Das war zu oft", "Warten Sie eine Minute, und öffnen Sie dann den Link noch einmal."},
	},
	http.StatusServiceUnavailable: {
		{"This cannot be shown right now", "Nothing is lost. Wait for a minute, then open the link once more."},
		{"Das können wir gerade nicht zeigen", "Es ist nichts verloren. Warten Sie eine Minute, und öffnen Sie dann den Link noch einmal."},
	},
}

// fallback are the texts of a status that has none.
var fallback = in{
	{"This did not work", "The fault is on our side. Open the link later, or write to us."},
	{"Das hat nicht geklappt", "Der Fehler liegt bei uns. Öffnen Sie den Link später, oder schreiben Sie uns."},
}

// wordsOf returns the texts of a problem.
func wordsOf(p *problem.Problem) in {
	if w, ok := codes[p.Code]; ok {
		return w
	}
	if w, ok := statuses[p.Status()]; ok {
		return w
	}
	return fallback
}
