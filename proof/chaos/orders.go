package chaos

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/amends/amends/api/client"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/services/payment/provider/simulator"
)

// Order is one customer's order and behaviour.
type Order struct {
	// N numbers the orders of a run.
	N int `json:"n"`
	// At is the time of the placement, from the start of the faults.
	At time.Duration `json:"at"`
	// Key is the idempotency key.
	Key  string            `json:"key"`
	Body client.PlaceOrder `json:"body"`
	// Copies are placed at once; 1 is the order alone.
	Copies int `json:"copies"`
	// Again is how long after its acknowledgement the order is placed once more;
	// 0: it is not.
	Again time.Duration `json:"again,omitempty"`
	// Cancel is how long after its acknowledgement the order is cancelled; 0: it is
	// not.
	Cancel time.Duration `json:"cancel,omitempty"`
	// Refunds are asked for at once when the order is confirmed. They are equal, or all
	// together no more than the total.
	Refunds []Refund `json:"refunds,omitempty"`

	key string // of its customer's account; empty: a guest
}

// Outcome is how an order can end.
type Outcome struct {
	Status order.Status
	Reason order.Reason
}

func (o Outcome) String() string {
	if o.Reason == "" {
		return string(o.Status)
	}
	return string(o.Status) + " " + string(o.Reason)
}

// weighted is one of several values to draw.
type weighted struct {
	what   string
	weight int
}

// Orders are drawn from these values. Every way that takes seconds and not minutes
// is among them.
var (
	tokens = []weighted{
		{simulator.TokenVisa, 30},
		{simulator.TokenSlow, 12},
		{simulator.TokenDeclined, 6},
		{simulator.TokenCaptureDeclined, 8},
		{simulator.TokenAuthExpired, 6},
		{simulator.TokenTimeoutAfterCharge, 8},
		{simulator.TokenCaptureLost, 10},
		{simulator.TokenUnavailable, 8},
	}
	postalCodes = []weighted{{"10115", 80}, {"00000", 8}, {"99999", 12}} // fine, undeliverable, reply lost
	goods       = []weighted{{tea, 25}, {mug, 20}, {kettle, 15}, {hot, 15}, {soldOut, 5}, {retired, 3}, {unknown, 3}}
)

// taking and refusing are tokens by the outcome of the capture.
var (
	taking   = []weighted{{simulator.TokenVisa, 1}, {simulator.TokenCaptureLost, 1}}
	refusing = []weighted{{simulator.TokenCaptureDeclined, 1}, {simulator.TokenAuthExpired, 1}}
)

// toThePivot returns the order with nothing in it that ends it before its capture.
func (o Order) toThePivot(token string) client.PlaceOrder {
	body := o.Body
	body.Currency, body.PaymentToken, body.ShipTo.PostalCode = currency, token, "10115"
	body.Lines = []client.LineRequest{{Sku: tea, Quantity: 2}, {Sku: mug, Quantity: 1}}
	return body
}

func draw(r *rand.Rand, from []weighted) string {
	sum := 0
	for _, w := range from {
		sum += w.weight
	}
	n := r.IntN(sum)
	for _, w := range from {
		if n -= w.weight; n < 0 {
			return w.what
		}
	}
	return from[0].what
}

// Orders draws the behaviour of customers in a run of that length.
func Orders(seed uint64, n int, length time.Duration) []Order {
	r := rand.New(rand.NewPCG(seed, 2))
	all := make([]Order, n)
	for i := range all {
		o := Order{N: i, At: time.Duration(i) * length / time.Duration(n), Key: drawUUID(r), Copies: 1}
		o.Body = client.PlaceOrder{
			CustomerId: fmt.Sprintf("cus_%d", i), Currency: currency, PaymentToken: draw(r, tokens),
			ShipTo: client.Address{Name: "A. Buyer", Line1: "Hauptstr. 1", City: "Berlin", PostalCode: draw(r, postalCodes), Country: "DE"},
		}
		if r.IntN(30) == 0 {
			o.Body.Currency = "USD"
		}
		if (i+i/8)%2 == 1 { // half of each race below, too
			o.Body.Style = client.Choreographed
		}
		for range 1 + r.IntN(3) {
			line := client.LineRequest{Sku: draw(r, goods), Quantity: 1 + r.Int64N(3)}
			if !slices.ContainsFunc(o.Body.Lines, func(l client.LineRequest) bool { return l.Sku == line.Sku }) {
				o.Body.Lines = append(o.Body.Lines, line)
			}
		}
		// Races are dealt out, not drawn: a short run must have them, too.
		between := func(low, high time.Duration) time.Duration { return low + time.Duration(r.Int64N(int64(high-low))) }
		switch i % 8 {
		case 0: // one of them is too much
			for range 2 {
				o.Refunds = append(o.Refunds, Refund{Key: drawUUID(r), Percent: 60, TakeBack: true, Copies: 2})
			}
		case 2:
			o.Refunds = []Refund{{Key: drawUUID(r), Percent: 100, TakeBack: true, Copies: 3}}
		case 4:
			for range 3 {
				o.Refunds = append(o.Refunds, Refund{Key: drawUUID(r), Percent: 30, Copies: 1})
			}
		case 1:
			o.Copies = 2 + r.IntN(4)
		case 3:
			o.Again = between(time.Second, 6*time.Second)
		case 5:
			o.Cancel = between(time.Millisecond, 200*time.Millisecond)
		case 7:
			o.Body.PaymentToken, o.Cancel = simulator.TokenSlow, between(200*time.Millisecond, 4*time.Second)
		}
		switch i % 16 { // choreographed ones, which only the capture decides
		case 3:
			o.Body = o.toThePivot(draw(r, refusing))
		case 10:
			o.Body = o.toThePivot(draw(r, taking))
		}
		all[i] = o
	}
	return all
}

func drawUUID(r *rand.Rand) string {
	var id uuid.UUID
	binary.BigEndian.PutUint64(id[:8], r.Uint64())
	binary.BigEndian.PutUint64(id[8:], r.Uint64())
	return id.String()
}

// lines are the quantities by SKU.
func (o Order) lines() map[string]int64 {
	all := map[string]int64{}
	for _, l := range o.Body.Lines {
		all[l.Sku] = l.Quantity
	}
	return all
}

// allowed lists how an order may end without a cancel, and within its deadline.
// The first step that is certain to refuse decides; each of several parallel steps
// may be the first.
func (o Order) allowed() []Outcome {
	lines := o.lines()
	has := func(sku string) bool { return lines[sku] > 0 }
	refused := func(reasons ...order.Reason) (all []Outcome) {
		for _, r := range reasons {
			all = append(all, Outcome{order.Cancelled, r})
		}
		return all
	}
	var quote []order.Reason
	if has(unknown) || has(retired) {
		quote = append(quote, order.UnknownSKU)
	}
	if o.Body.Currency != currency {
		quote = append(quote, order.CurrencyMismatch)
	}
	if len(quote) > 0 {
		return refused(quote...)
	}
	var hold []order.Reason
	declined := o.Body.PaymentToken == simulator.TokenDeclined
	if has(soldOut) || has(hot) {
		hold = append(hold, order.OutOfStock)
	}
	if declined {
		hold = append(hold, order.PaymentDeclined)
	}
	possible := refused(hold...)
	switch {
	case has(soldOut) || declined:
	case o.Body.ShipTo.PostalCode == "00000":
		possible = append(possible, refused(order.Undeliverable)...)
	case o.Body.PaymentToken == simulator.TokenCaptureDeclined, o.Body.PaymentToken == simulator.TokenAuthExpired:
		possible = append(possible, refused(order.PaymentDeclined)...)
	default:
		possible = append(possible, Outcome{Status: order.Confirmed})
	}
	return possible
}
