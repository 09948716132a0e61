// Package invoice makes the invoice of a confirmed order of the records of those who own
// its parts: the order service has lines, prices and total, the payment service has the
// number, the date, the payment and the refunds. It asks neither, and keeps nothing: the
// same records are the same invoice.
//
// Its sums are checked against each other. Records that contradict each other make no
// invoice, but an error of no code, for the log.
package invoice

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/internal/orders/read"
	"github.com/amends/amends/internal/orders/refund"
	"github.com/amends/amends/services/payment"
	paid "github.com/amends/amends/services/payment/refund"
	"github.com/amends/amends/workflows"
)

// None refuses the invoice of an order that costs nothing: nothing was paid for it.
const None fault.Code = "NO_INVOICE"

// Invoice is the paid invoice of an order, with the refunds since then. All amounts
// are in one currency, and none is negative.
type Invoice struct {
	Number     string       `json:"number"`
	IssuedAt   time.Time    `json:"issued_at"` // UTC; with the payment
	OrderID    string       `json:"order_id"`
	CustomerID string       `json:"customer_id"`
	Lines      []Line       `json:"lines"`
	Total      money.Amount `json:"total"`     // of the lines, and the amount paid
	Credits    []Credit     `json:"credits"`   // the oldest first; never nil
	Credited   money.Amount `json:"credited"`  // sum of the credits
	Remaining  money.Amount `json:"remaining"` // the amount paid, without the credits
}

// Line is a quantity of one product.
type Line struct {
	SKU       string       `json:"sku"`
	Quantity  int64        `json:"quantity"`
	UnitPrice money.Amount `json:"unit_price"`
	Total     money.Amount `json:"total"`
}

// Credit is a refund that was paid back.
type Credit struct {
	Refund string       `json:"refund_id"`
	At     time.Time    `json:"at"` // UTC; when the provider had paid it back
	Amount money.Amount `json:"amount"`
}

// Due returns nil for an order that has an invoice. Codes: [refund.NotConfirmed] before
// the order is confirmed and for one that is cancelled, and [None].
func Due(o read.Snapshot) error {
	switch {
	case o.Status != workflows.StatusConfirmed:
		return fault.Errorf(fault.Business, refund.NotConfirmed, "")
	case o.Total == nil:
		return fmt.Errorf("%w: the confirmed order %s has no total", errContradiction, o.ID)
	case o.Total.IsZero():
		return fault.Errorf(fault.Business, None, "")
	}
	return nil
}

// Of returns the invoice of an order that was paid by p, some of which refunds paid back;
// they were read after p.
// Codes: those of [Due]; UNAVAILABLE from a payment service of an earlier version, which
// does not tell the date of an invoice.
func Of(o read.Snapshot, p payment.Summary, refunds []paid.Record) (Invoice, error) {
	if err := Due(o); err != nil {
		return Invoice{}, err
	}
	switch {
	case p.InvoiceNumber == "" || p.Captured != o.Total.Minor || p.Amount.Currency != o.Total.Currency:
		return Invoice{}, fmt.Errorf("%w: payment %s is not that of the confirmed order %s", errContradiction, p.PaymentID, o.ID)
	case p.InvoicedAt.IsZero():
		return Invoice{}, fault.Errorf(fault.Transient, fault.Unavailable, "The date of the invoice cannot be read right now.")
	}
	out := Invoice{
		Number: p.InvoiceNumber, IssuedAt: p.InvoicedAt.UTC(), OrderID: o.ID, CustomerID: o.CustomerID, Total: *o.Total,
	}
	if err := errors.Join(out.bill(o.Lines), out.credit(refunds, p.Refunded)); err != nil {
		return Invoice{}, fmt.Errorf("%w: invoice %s: %w", errContradiction, out.Number, err)
	}
	return out, nil
}

var (
	errContradiction = errors.New("the records contradict each other")
	errPrice         = errors.New("a line has no price")
	errTotal         = errors.New("the lines cost another sum than the order")
	errCredits       = errors.New("the refunds are not those of the payment")
)

// bill adds the lines, whose sum must be the total.
func (i *Invoice) bill(lines []workflows.LineView) error {
	sum := money.New(0, i.Total.Currency)
	for _, l := range lines {
		if l.UnitPrice == nil {
			return errPrice
		}
		total, err := l.UnitPrice.Mul(l.Quantity)
		if err != nil {
			return fmt.Errorf("line of %s: %w", l.SKU, err)
		}
		if sum, err = sum.Add(total); err != nil {
			return fmt.Errorf("sum of the lines: %w", err)
		}
		i.Lines = append(i.Lines, Line{l.SKU, l.Quantity, *l.UnitPrice, total})
	}
	if sum != i.Total {
		return fmt.Errorf("%w: %s, and not %s", errTotal, sum, i.Total)
	}
	return nil
}

// credit adds the refunds that were paid back: at least known minor units, and no more than
// was paid.
func (i *Invoice) credit(refunds []paid.Record, known int64) (err error) {
	i.Credits, i.Credited = []Credit{}, money.New(0, i.Total.Currency)
	for _, r := range refunds {
		if r.State != paid.Done {
			continue // it did not happen, or not yet
		}
		if i.Credited, err = i.Credited.Add(r.Amount); err != nil {
			return fmt.Errorf("sum of the refunds: %w", err)
		}
		i.Credits = append(i.Credits, Credit{r.ID, r.UpdatedAt.UTC(), r.Amount})
	}
	if i.Credited.Minor < known || i.Credited.Minor > i.Total.Minor {
		return fmt.Errorf("%w: %s of %s, where the payment has %d minor units", errCredits, i.Credited, i.Total, known)
	}
	i.Remaining = money.New(i.Total.Minor-i.Credited.Minor, i.Total.Currency)
	slices.SortStableFunc(i.Credits, func(a, b Credit) int { return a.At.Compare(b.At) })
	return nil
}
