package invoice_test

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/internal/orders/invoice"
	"github.com/amends/amends/internal/orders/read"
	"github.com/amends/amends/internal/orders/refund"
	"github.com/amends/amends/services/payment"
	paid "github.com/amends/amends/services/payment/refund"
	"github.com/amends/amends/workflows"
)

var at = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func eur(minor int64) money.Amount { return money.New(minor, "EUR") }

// confirmed is an order of two mugs and a kettle.
func confirmed() read.Snapshot {
	return read.Snapshot{OrderView: workflows.OrderView{
		ID: "o", CustomerID: "cus_42", Status: workflows.StatusConfirmed, Currency: "EUR", Total: new(eur(12600)),
		Lines: []workflows.LineView{{SKU: "MUG", Quantity: 2, UnitPrice: new(eur(1850))}, {SKU: "KETTLE", Quantity: 1, UnitPrice: new(eur(8900))}},
	}}
}

func captured() payment.Summary {
	return payment.Summary{
		PaymentID: "p", State: payment.Captured, Amount: eur(12600), Captured: 12600, InvoiceNumber: "INV-00000007", InvoicedAt: at, UpdatedAt: at.Add(time.Hour),
	}
}

func record(id string, s paid.State, minor int64, after time.Duration) paid.Record {
	return paid.Record{Note: paid.Note{ID: id, Reason: "broken", By: "ada"}, State: s, Amount: eur(minor), CreatedAt: at, UpdatedAt: at.Add(after)}
}

func TestOf(t *testing.T) {
	t.Parallel()

	t.Run("HasLinesAndSumsOfTheRecords", func(t *testing.T) {
		t.Parallel()
		made, err := invoice.Of(confirmed(), captured(), nil)
		require.NoError(t, err)
		require.Equal(t, invoice.Invoice{
			Number: "INV-00000007", IssuedAt: at, OrderID: "o", CustomerID: "cus_42",
			Lines: []invoice.Line{{"MUG", 2, eur(1850), eur(3700)}, {"KETTLE", 1, eur(8900), eur(8900)}},
			Total: eur(12600), Credits: []invoice.Credit{}, Credited: eur(0), Remaining: eur(12600),
		}, made)
		again, err := invoice.Of(confirmed(), captured(), nil)
		require.NoError(t, err)
		require.Equal(t, made, again)
	})
	t.Run("CreditsOnlyWhatWasPaidBack", func(t *testing.T) {
		t.Parallel()
		p := captured()
		p.Refunded = 1850
		made, err := invoice.Of(confirmed(), p, []paid.Record{
			record("late", paid.Done, 1850, 3*time.Hour), record("pending", paid.Pending, 5000, 0), record("declined", paid.Declined, 5000, 0),
			record("blocked", paid.Blocked, 5000, 0), record("early", paid.Done, 100, time.Hour),
		})
		require.NoError(t, err, "one was paid back after the payment was read")
		require.Equal(t, []invoice.Credit{{"early", at.Add(time.Hour), eur(100)}, {"late", at.Add(3 * time.Hour), eur(1850)}}, made.Credits)
		require.Equal(t, eur(1950), made.Credited)
		require.Equal(t, eur(10650), made.Remaining)
		require.Equal(t, at, made.IssuedAt, "its date stays")
	})
	t.Run("NothingRemainsOfAFullRefund", func(t *testing.T) {
		t.Parallel()
		p := captured()
		p.State, p.Refunded = payment.Refunded, 12600
		made, err := invoice.Of(confirmed(), p, []paid.Record{record("all", paid.Done, 12600, 0)})
		require.NoError(t, err)
		require.Equal(t, eur(0), made.Remaining)
	})
}

func TestThereIsNoInvoice(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(*read.Snapshot)
		code   fault.Code
	}{
		"WhileTheOrderIsPending": {func(o *read.Snapshot) { o.Status = workflows.StatusPending }, refund.NotConfirmed},
		"OfACancelledOrder":      {func(o *read.Snapshot) { o.Status = workflows.StatusCancelled }, refund.NotConfirmed},
		"OfAnOrderForNothing":    {func(o *read.Snapshot) { o.Total = new(eur(0)) }, invoice.None},
	} {
		o := confirmed()
		tt.change(&o)
		require.Equal(t, tt.code, fault.CodeOf(invoice.Due(o)), name)
		_, err := invoice.Of(o, captured(), nil)
		require.Equal(t, tt.code, fault.CodeOf(err), name)
		require.Equal(t, fault.Business, fault.KindOf(err), name)
	}
}

// TestRecordsThatContradictEachOtherMakeNoInvoice changes one record at a time.
func TestRecordsThatContradictEachOtherMakeNoInvoice(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*read.Snapshot, *payment.Summary, *[]paid.Record){
		"NoTotal":         func(o *read.Snapshot, _ *payment.Summary, _ *[]paid.Record) { o.Total = nil },
		"OtherTotal":      func(o *read.Snapshot, _ *payment.Summary, _ *[]paid.Record) { o.Total = new(eur(12601)) },
		"ALineIsMissing":  func(o *read.Snapshot, _ *payment.Summary, _ *[]paid.Record) { o.Lines = o.Lines[1:] },
		"AnotherQuantity": func(o *read.Snapshot, _ *payment.Summary, _ *[]paid.Record) { o.Lines[0].Quantity = 3 },
		"NoPrice":         func(o *read.Snapshot, _ *payment.Summary, _ *[]paid.Record) { o.Lines[0].UnitPrice = nil },
		"OtherCurrency":   func(o *read.Snapshot, _ *payment.Summary, _ *[]paid.Record) { o.Lines[0].UnitPrice.Currency = "USD" },
		"TooMuchForALine": func(o *read.Snapshot, _ *payment.Summary, _ *[]paid.Record) {
			o.Lines[0].UnitPrice.Minor = math.MaxInt64
		},
		"TooMuchForTheSum": func(o *read.Snapshot, _ *payment.Summary, _ *[]paid.Record) {
			o.Lines[1].UnitPrice.Minor = math.MaxInt64 - 1
		},
		"NoPayment":        func(_ *read.Snapshot, p *payment.Summary, _ *[]paid.Record) { *p = payment.Summary{} },
		"NoInvoiceNumber":  func(_ *read.Snapshot, p *payment.Summary, _ *[]paid.Record) { p.InvoiceNumber = "" },
		"OtherCapture":     func(_ *read.Snapshot, p *payment.Summary, _ *[]paid.Record) { p.Captured = 12599 },
		"PaidOtherwise":    func(_ *read.Snapshot, p *payment.Summary, _ *[]paid.Record) { p.Amount.Currency = "USD" },
		"ARefundIsMissing": func(_ *read.Snapshot, p *payment.Summary, _ *[]paid.Record) { p.Refunded = 1 },
		"TooMuchPaidBack": func(_ *read.Snapshot, _ *payment.Summary, all *[]paid.Record) {
			*all = []paid.Record{record("a", paid.Done, 12600, 0), record("b", paid.Done, 1, 0)}
		},
		"PaidBackOtherwise": func(_ *read.Snapshot, _ *payment.Summary, all *[]paid.Record) {
			r := record("a", paid.Done, 1, 0)
			r.Amount.Currency = "USD"
			*all = []paid.Record{r}
		},
	} {
		o, p, all := confirmed(), captured(), []paid.Record(nil)
		change(&o, &p, &all)
		_, err := invoice.Of(o, p, all)
		require.ErrorContains(t, err, "the records contradict each other", name)
	}
}

func TestAnEarlierPaymentServiceDoesNotTellTheDate(t *testing.T) {
	t.Parallel()
	p := captured()
	p.InvoicedAt = time.Time{}
	_, err := invoice.Of(confirmed(), p, nil)
	require.Equal(t, fault.Unavailable, fault.CodeOf(err))
	require.Equal(t, fault.Transient, fault.KindOf(err))
}

// TestTheSumsAgree draws orders and refunds.
func TestTheSumsAgree(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		o, p, total := confirmed(), captured(), int64(0)
		o.Lines = nil
		for range rapid.IntRange(1, 5).Draw(t, "lines") {
			price, n := rapid.Int64Range(0, 1e12).Draw(t, "price"), rapid.Int64Range(1, 10000).Draw(t, "quantity")
			o.Lines = append(o.Lines, workflows.LineView{SKU: "X", Quantity: n, UnitPrice: new(eur(price))})
			total += price * n
		}
		if total == 0 {
			t.Skip("it costs nothing")
		}
		o.Total, p.Amount, p.Captured = new(eur(total)), eur(total), total
		var refunds []paid.Record
		left := total
		for left > 0 && rapid.Bool().Draw(t, "refund") {
			some := rapid.Int64Range(1, left).Draw(t, "of")
			refunds, left = append(refunds, record("r", paid.Done, some, 0)), left-some
		}
		p.Refunded = total - left
		made, err := invoice.Of(o, p, refunds)
		require.NoError(t, err)
		require.Equal(t, eur(left), made.Remaining)
		require.Equal(t, eur(total-left), made.Credited)
		sum := int64(0)
		for _, l := range made.Lines {
			sum += l.Total.Minor
		}
		require.Equal(t, made.Total, eur(sum))
	})
}
