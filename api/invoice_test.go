package api

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/api/problem"
	"github.com/amends/amends/api/shop"
	"github.com/amends/amends/api/shop/invoice"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/identity/token"
	ordersinvoice "github.com/amends/amends/internal/orders/invoice"
	"github.com/amends/amends/internal/orders/refund"
	"github.com/amends/amends/services/catalog"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/services/payment"
	paid "github.com/amends/amends/services/payment/refund"
	"github.com/amends/amends/workflows"
)

// fakeOrders is an order service whose orders are all like the one of view, of cus_42.
type fakeOrders struct {
	view    func(id string) workflows.OrderView
	address order.Address
	fail    error // of the record
	lost    error // of the address
}

// Get implements the part of [order.Direct] that invoices ask.
func (f fakeOrders) Get(_ context.Context, id string) (order.Record, error) {
	v := f.view(id)
	text, err := json.Marshal(v)
	if f.fail != nil {
		err = f.fail
	}
	return order.Record{ID: id, Status: v.Status, Total: v.Total, View: text}, err
}

// Address is the same.
func (f fakeOrders) Address(context.Context, string) (order.Address, error) { return f.address, f.lost }

// Refunds is the part that refunds ask.
func (f fakeOrders) Refunds(context.Context, string) ([]order.Refund, error) { return nil, f.fail }

// sold is an order for two mugs and a kettle, 126 EUR.
func sold(id string) workflows.OrderView {
	v := view(id, workflows.StatusConfirmed)
	v.Total = new(eur(12600))
	v.Lines = []workflows.LineView{{SKU: "MUG", Quantity: 2, UnitPrice: new(eur(1850))}, {SKU: "KETTLE", Quantity: 1, UnitPrice: new(eur(8900))}}
	return v
}

var berlin = order.Address{Name: "A. Buyer", Line1: "Hauptstr. 1", City: "Berlin", PostalCode: "10115", Country: "DE"}

// invoiced are services that have all of an invoice, and two refunds of which one is done.
func invoiced() shop.Services {
	return shop.Services{
		Catalog: named(fakePart{}), Order: fakeOrders{view: sold, address: berlin},
		Payment: fakePart{refunds: []paid.Record{
			{Note: paid.Note{ID: "r1", Reason: "a quarrel", Reference: "case 4711", By: "night"}, State: paid.Done, Amount: eur(1850), UpdatedAt: invoicedAt.Add(50 * time.Hour)},
			{Note: paid.Note{ID: "r2", Reason: "another", By: "night"}, State: paid.Pending, Amount: eur(1000)},
		}},
	}
}

// invoiceOf asks for the invoice of a guest's order. Neither engine nor read model answers.
func invoiceOf(t *testing.T, s shop.Services, header ...string) response {
	t.Helper()
	return invoiceAt(t, "", s, header...)
}

func invoiceAt(t *testing.T, query string, s shop.Services, header ...string) response {
	t.Helper()
	m := newModel()
	m.down()
	b := shopWith(t, func(c *Config) {
		c.Seller = invoice.Seller{Name: "Tea & Kettle", Address: []string{"Teestr. 1", "10115 Berlin"}}
	}, WithServices(s), WithQuery(m))
	return b.do(t, http.MethodGet, "/v1/orders/"+someOrder+"/invoice"+query, "", header...)
}

func TestGetInvoice(t *testing.T) {
	t.Parallel()
	away := fault.Errorf(fault.Transient, fault.Unavailable, "10.0.0.7 is away")
	invoiceIn := func(t *testing.T, r response) (i contract.Invoice) {
		t.Helper()
		require.Equal(t, http.StatusOK, r.StatusCode, r.text)
		require.Equal(t, "application/json", r.Header.Get("Content-Type"))
		require.Equal(t, "no-store", r.Header.Get("Cache-Control"))
		require.NoError(t, json.Unmarshal([]byte(r.text), &i))
		return i
	}
	euros := func(minor int64) contract.Money { return contract.Money{Amount: minor, Currency: "EUR"} }

	t.Run("IsMadeOfRecordsAlone", func(t *testing.T) {
		t.Parallel()
		answer := invoiceOf(t, invoiced())
		require.Equal(t, contract.Invoice{
			Number: "INV-7", IssuedAt: invoicedAt, OrderId: someOrder, CustomerId: "cus_42",
			Seller: contract.Seller{Name: "Tea & Kettle", Address: []string{"Teestr. 1", "10115 Berlin"}},
			ShipTo: &contract.InvoiceAddress{Name: "A. Buyer", Line1: "Hauptstr. 1", City: "Berlin", PostalCode: new("10115"), Country: "DE"},
			Lines: []contract.InvoiceLine{
				{Sku: "MUG", Name: new("The MUG"), Quantity: 2, UnitPrice: euros(1850), Total: euros(3700)},
				{Sku: "KETTLE", Name: new("The KETTLE"), Quantity: 1, UnitPrice: euros(8900), Total: euros(8900)},
			},
			Total: euros(12600), Paid: euros(12600),
			Credits:  []contract.Credit{{RefundId: "r1", At: invoicedAt.Add(50 * time.Hour), Amount: euros(1850)}},
			Credited: euros(1850), Remaining: euros(10750), Missing: contract.Missing{},
		}, invoiceIn(t, answer))
		for _, words := range []string{"quarrel", "case 4711", "night"} {
			require.NotContains(t, answer.text, words, "the words of operators are theirs")
		}
		require.Equal(t, answer.text, invoiceOf(t, invoiced()).text, "a repeat is the same")
	})
	t.Run("OnlyOfAConfirmedOrderThatWasPaid", func(t *testing.T) {
		t.Parallel()
		for status, code := range map[workflows.Status]fault.Code{
			workflows.StatusPending: refund.NotConfirmed, workflows.StatusCancelled: refund.NotConfirmed, workflows.StatusConfirmed: ordersinvoice.None,
		} {
			s := invoiced()
			s.Payment = fakePart{err: fault.Errorf(fault.Business, fault.NotFound, "none")}
			s.Order = fakeOrders{view: func(id string) workflows.OrderView {
				v := sold(id)
				v.Status, v.Total = status, new(eur(0))
				return v
			}}
			want := http.StatusConflict
			if code == ordersinvoice.None {
				want = http.StatusNotFound
			}
			invoiceOf(t, s).refused(t, want, code)
		}
	})
	t.Run("NamesAreTheOnlyPartThatMayBeMissing", func(t *testing.T) {
		t.Parallel()
		s := invoiced()
		s.Catalog = named(fakePart{err: away})
		i := invoiceIn(t, invoiceOf(t, s))
		require.Equal(t, contract.Missing{{Part: "products", Code: "UNAVAILABLE"}}, i.Missing)
		require.Nil(t, i.Lines[0].Name)

		for name, change := range map[string]func(*shop.Services){
			"NoOrderService": func(s *shop.Services) { s.Order = nil },
			"Record":         func(s *shop.Services) { s.Order = fakeOrders{view: sold, fail: away} },
			"Address":        func(s *shop.Services) { s.Order = fakeOrders{view: sold, lost: away} },
			"Payment":        func(s *shop.Services) { s.Payment = fakePart{err: away} },
			"LostAnswer":     func(s *shop.Services) { s.Payment = fakePart{err: fault.Errorf(fault.Unknown, fault.Timeout, "")} },
		} {
			s := invoiced()
			change(&s)
			answer := invoiceOf(t, s)
			answer.refused(t, http.StatusServiceUnavailable, fault.Unavailable)
			require.NotContains(t, answer.text, "10.0.0.7", name)
			requireRetryAfter(t, answer.Header)
		}
	})
	t.Run("AnOrderWithoutARecordIsNotFound", func(t *testing.T) {
		t.Parallel()
		s := invoiced()
		s.Order = fakeOrders{view: sold, fail: fault.Errorf(fault.Business, fault.NotFound, "")}
		invoiceOf(t, s).refused(t, http.StatusNotFound, fault.NotFound)
	})
	t.Run("AContradictionIsNoInvoice", func(t *testing.T) {
		t.Parallel()
		s := invoiced()
		s.Order = fakeOrders{view: func(id string) workflows.OrderView {
			v := sold(id)
			v.Lines[0].Quantity = 3
			return v
		}, address: berlin}
		invoiceOf(t, s).refused(t, http.StatusInternalServerError, fault.Internal)
		s = invoiced()
		s.Payment = fakePart{err: fault.Errorf(fault.Business, fault.NotFound, "none")}
		invoiceOf(t, s).refused(t, http.StatusInternalServerError, fault.Internal)
	})
}

// asked notes the answers about payments. That about the payment takes a while, unless the
// refunds are asked for meanwhile.
type asked struct {
	fakePart

	refunds chan struct{} // closed by that question
	mu      sync.Mutex
	all     []string
}

func (a *asked) note(answer string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.all = append(a.all, answer)
}

func (a *asked) Get(ctx context.Context, id string) (payment.Summary, error) {
	select {
	case <-a.refunds:
	case <-time.After(50 * time.Millisecond):
	}
	a.note("payment")
	return a.fakePart.Get(ctx, id)
}

func (a *asked) Refunds(ctx context.Context, id string) ([]paid.Record, error) {
	a.note("refunds")
	close(a.refunds)
	return a.fakePart.Refunds(ctx, id)
}

// The payment is read before its refunds, which then have all that it counts, and only for
// those who may see it.
func TestAnInvoiceAsksInOrder(t *testing.T) {
	t.Parallel()
	s, a := invoiced(), &asked{refunds: make(chan struct{})}
	s.Payment = a
	invoiceOf(t, s, "Amends-Claim: of another order").refused(t, http.StatusNotFound, fault.NotFound)
	require.Empty(t, a.all)
	require.Equal(t, http.StatusOK, invoiceOf(t, s).StatusCode)
	require.Equal(t, []string{"payment", "refunds"}, a.all)
}

// Who may read every order need not see where customers live.
func TestOnlyTheOwnerSeesTheAddressOfAnInvoice(t *testing.T) {
	t.Parallel()
	a, now, log := newAccounts(t), time.Now(), &logs{}
	b := shopOf(t, WithLogger(slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))), WithVerifier(token.NewVerifier(token.Config{Source: a, Logger: slog.New(slog.DiscardHandler)})), WithServices(invoiced()))
	for header, shown := range map[string]bool{
		a.sign(t, "cus_42", "s1", now, customerScopes...):  true,
		a.sign(t, "staff_1", "s3", now, supportScopes...):  false,
		a.sign(t, "staff_2", "s4", now, operatorScopes...): false,
	} {
		for _, kind := range []string{"application/json", "text/html"} {
			answer := b.do(t, http.MethodGet, "/v1/orders/"+accountsOrder+"/invoice", "", header, "Accept: "+kind)
			require.Equal(t, http.StatusOK, answer.StatusCode, answer.text)
			require.Contains(t, answer.text, "INV-7")
			require.Equal(t, shown, strings.Contains(answer.text, "Hauptstr. 1"), kind)
		}
	}
	require.Contains(t, log.String(), "operation=GetInvoice")
	require.NotContains(t, log.String(), "Hauptstr")
}

func TestInvoicePage(t *testing.T) {
	t.Parallel()
	const browser = "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
	page := func(t *testing.T, query string, s shop.Services, header ...string) response {
		t.Helper()
		answer := invoiceAt(t, query, s, append(header, browser)...)
		require.Equal(t, http.StatusOK, answer.StatusCode, answer.text)
		require.Equal(t, "text/html; charset=utf-8", answer.Header.Get("Content-Type"))
		require.Equal(t, "no-store", answer.Header.Get("Cache-Control"))
		require.Equal(t, []string{"Accept", "Accept-Language"}, answer.Header.Values("Vary"))
		return answer
	}

	t.Run("IsForThoseWhoPreferIt", func(t *testing.T) {
		t.Parallel()
		for accept, kind := range map[string]string{
			"": "application/json", "*/*": "application/json", "text/html;q=0.4, application/json;q=0.5": "application/json",
			"text/html;q=0.5, application/json;q=0.4": "text/html; charset=utf-8", "text/*": "text/html; charset=utf-8",
		} {
			require.Equal(t, kind, invoiceOf(t, invoiced(), "Accept: "+accept).Header.Get("Content-Type"), accept)
		}
		p := invoiceOf(t, invoiced(), "Accept: application/pdf").refused(t, http.StatusNotAcceptable, problem.NotAcceptable)
		require.Equal(t, "Answers are application/json or text/html.", *p.Detail)
	})
	t.Run("HasTheInvoiceInTheLanguageOfItsReader", func(t *testing.T) {
		t.Parallel()
		english := []string{`<html lang="en">`, "Invoice number", "2 January 2026", "EUR\u00a0126.00", "Refunded on 4 January 2026", "\u2212EUR\u00a018.50", "EUR\u00a0107.50"}
		german := []string{`<html lang="de">`, "Rechnungsnummer", "2. Januar 2026", "126,00\u00a0EUR", "Erstattet am 4. Januar 2026", "\u221218,50\u00a0EUR", "107,50\u00a0EUR"}
		for _, tt := range []struct {
			query, accepted string
			want            []string
		}{
			{"", "", english},
			{"", "de-AT,de;q=0.9,en;q=0.8", german},
			{"", "en-GB, de;q=0.3", english},
			{"", "fr, es;q=0.5", english},
			{"", "fr, de;q=0.5", german},
			{"", ",;q=x,-", english},
			{"?lang=de", "en", german},
			{"?lang=en", "de", english},
		} {
			answer := page(t, tt.query, invoiced(), "Accept-Language: "+tt.accepted)
			require.Equal(t, tt.want[0][12:14], answer.Header.Get("Content-Language"))
			for _, text := range append(tt.want, "INV-7", someOrder, "cus_42", "Tea &amp; Kettle", "10115 Berlin", "A. Buyer", "The MUG") {
				require.Contains(t, answer.text, text, "%v", tt)
			}
		}
		twice := page(t, "", invoiced(), "Accept-Language: de", "Accept-Language: en;q=0.1")
		require.Equal(t, "de", twice.Header.Get("Content-Language"))
		invoiceAt(t, "?lang=fr", invoiced()).refused(t, http.StatusUnprocessableEntity, problem.ValidationFailed)
		invoiceAt(t, "?language=de", invoiced()).refused(t, http.StatusBadRequest, problem.BadRequest)
	})
	t.Run("RunsAndLoadsNothing", func(t *testing.T) {
		t.Parallel()
		s := invoiced()
		s.Catalog = fakeCatalog(func(_ context.Context, sku string) (catalog.Product, error) {
			return catalog.Product{SKU: sku, Name: `<script>alert("1")</script>`}, nil
		})
		s.Order = fakeOrders{view: sold, address: order.Address{Name: "</style><img src=x onerror=alert(1)>", Line1: "x", City: "x", Country: "DE"}}
		answer := page(t, "", s)
		answer.text = strings.ReplaceAll(answer.text, "&lt;img src=x", "")
		requireInert(t, answer)
	})
	t.Run("IsCompleteWithoutWhatIsOptional", func(t *testing.T) {
		t.Parallel()
		s := shop.Services{Order: fakeOrders{view: sold}, Payment: fakePart{}}
		answer := page(t, "", s)
		require.Contains(t, answer.text, "<td>MUG</td>")
		for _, text := range []string{"Shipped to", "Refunded", "Remaining", "<no value>", "%!"} {
			require.NotContains(t, answer.text, text)
		}
	})
}
