package platform

import (
	"crypto/rand"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/web/console/ask"
	"github.com/amends/amends/web/console/visit"
)

// mostMails is how many mails the list has.
const mostMails = 100

// Mails answers with the list of mails.
func Mails(v *visit.Visit) error {
	all, err := v.Config.Demo.Mails(mostMails)
	if err != nil {
		return err
	}
	return v.Show("mail", "Mail", all)
}

// Mail answers with the page of one mail.
func Mail(v *visit.Visit) error {
	all, err := v.Config.Demo.Mails(mostMails)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(all, func(m visit.Mail) bool { return m.ID == v.R.PathValue("id") })
	if i < 0 {
		return visit.ErrNone
	}
	return v.Show("one-mail", "Mail: "+all[i].Subject, all[i])
}

// kind is a kind of order that the demo places: what its external systems do with it.
type kind struct{ Name, Token, PostalCode, SKU, Title, Becomes string }

// kinds are those of the README.
var kinds = []kind{
	{"good", "tok_visa", "10115", "MUG-STONEWARE", "An order that goes well", "confirmed"},
	{"declined", "tok_declined", "10115", "MUG-STONEWARE", "The card is declined", "cancelled: the stock is released"},
	{"capture", "tok_capture_declined", "10115", "MUG-STONEWARE", "The card is declined at the pivot", "cancelled: parcels, money and stock are undone"},
	{"slow", "tok_slow", "10115", "MUG-STONEWARE", "The provider is slow", "confirmed, after some seconds"},
	{"away", "tok_unavailable", "10115", "MUG-STONEWARE", "The provider is down for a while", "confirmed, after some attempts"},
	{"lost", "tok_capture_lost", "10115", "MUG-STONEWARE", "The reply of the capture is lost", "confirmed: the money is taken once"},
	{"unknown", "tok_unknown", "10115", "MUG-STONEWARE", "The provider cannot tell the outcome", "flagged after two minutes, and then confirmed"},
	{"undeliverable", "tok_visa", "00000", "MUG-STONEWARE", "The address cannot be served", "cancelled: money and stock are undone"},
	{"carrier", "tok_visa", "99999", "MUG-STONEWARE", "The reply of the carrier is lost", "confirmed: the parcel is booked once"},
	{"sold-out", "tok_visa", "10115", "TEA-SOLD-OUT", "The product is sold out", "cancelled: nothing was held"},
}

// loadData fills in the page that places orders.
type loadData struct {
	Kinds    []kind
	Faults   []visit.Fault
	Orders   []contract.Order // the newest
	Token    string
	Placed   string
	CanPlace bool
}

// Load answers with the page that places orders, where their fate is shown as it goes on.
func Load(v *visit.Visit) error {
	d := loadData{Kinds: kinds, Faults: v.Config.Demo.Faults(), Token: v.Token(), Placed: v.R.URL.Query().Get("placed"), CanPlace: v.Who.Acts()}
	d.Orders, _ = newest(v) // without them the page can still place some
	return v.ShowLive("load", "Load", visit.Below+"/load/stream", d)
}

// LoadStream keeps the newest orders of the page up to date.
func LoadStream(v *visit.Visit) error {
	return v.Follow(time.Second, func() (string, bool, error) {
		orders, err := newest(v)
		if err != nil {
			return "", false, err
		}
		html, err := v.Part("newest-orders", orders)
		return html, false, err
	})
}

// newest returns the newest orders.
func newest(v *visit.Visit) ([]contract.Order, error) {
	var list contract.OrderList
	err := v.Admin.Get(v.Ctx(), "/v1/orders", url.Values{"limit": {"20"}}, &list)
	return list.Orders, err //nolint:wrapcheck // a problem
}

// Disturb switches a fault on or off, for operators.
func Disturb(v *visit.Visit) error {
	if !v.Who.Acts() {
		return visit.Refuse("SCOPE_MISSING", "Support sees, operators act", "")
	}
	name, on := v.R.PostFormValue("fault"), v.R.PostFormValue("on") == "yes"
	if err := v.Config.Demo.Switch(v.Ctx(), name, on); err != nil {
		return err
	}
	v.Config.Logger.InfoContext(v.Ctx(), "an operator switches a fault", "fault", name, "on", on, "operator", v.Who.Name)
	return v.SeeOther("/load#faults")
}

// mostPlaced is how many orders one form places.
const mostPlaced = 100

// Place places orders of a kind, in the name of the demo's customer.
func Place(v *visit.Visit) error {
	i := slices.IndexFunc(kinds, func(k kind) bool { return k.Name == v.R.PostFormValue("kind") })
	n, err := strconv.Atoi(v.R.PostFormValue("count"))
	if i < 0 || err != nil || n < 1 || n > mostPlaced || !v.Who.Acts() {
		return visit.Refuse("VALIDATION_FAILED", "This cannot be placed", fmt.Sprintf("Choose a kind, and 1 to %d orders, as an operator.", mostPlaced))
	}
	customer := ask.Client{Handler: v.Config.API, Bearer: v.Config.Demo.APIKey, From: v.R.RemoteAddr}
	last := ""
	for range n {
		var o contract.Order
		if err := customer.Post(v.Ctx(), "/v1/orders", rand.Text(), kinds[i].order(v.R.PostFormValue("style")), &o); err != nil {
			return err //nolint:wrapcheck // a problem
		}
		last = o.Id
	}
	if n == 1 {
		return v.SeeOther("/orders/" + url.PathEscape(last))
	}
	return v.SeeOther("/load?" + url.Values{"placed": {strconv.Itoa(n)}}.Encode())
}

// order returns the placement of a kind.
func (k kind) order(style string) map[string]any {
	o := map[string]any{
		"currency": "EUR", "payment_token": k.Token,
		"lines": []map[string]any{{"sku": k.SKU, "quantity": 2}, {"sku": "KETTLE-STEEL", "quantity": 1}},
		"ship_to": map[string]string{
			"name": "A. Buyer", "line1": "Hauptstr. 1", "city": "Berlin", "postal_code": k.PostalCode, "country": "DE",
		},
	}
	if style != "" {
		o["style"] = style
	}
	return o
}
