package api

import (
	"context"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/serviceerror"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/api/shop"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/services/catalog"
	"github.com/amends/amends/services/notification"
	"github.com/amends/amends/services/payment"
	"github.com/amends/amends/services/payment/posting"
	"github.com/amends/amends/services/payment/refund"
	"github.com/amends/amends/services/shipping"
	"github.com/amends/amends/workflows"
)

func eur(minor int64) money.Amount { return money.Amount{Minor: minor, Currency: "EUR"} }

// fakePart is payment and shipping: it fails with err, or hangs.
type fakePart struct {
	err     error
	hangs   bool
	refunds []refund.Record
}

func (f fakePart) wait(ctx context.Context) error {
	if f.hangs {
		<-ctx.Done()
		return ctx.Err()
	}
	return f.err
}

func (f fakePart) Get(ctx context.Context, _ string) (payment.Summary, error) {
	return payment.Summary{State: payment.Captured, Amount: eur(12600), Captured: 12600, InvoiceNumber: "INV-7", InvoicedAt: invoicedAt}, f.wait(ctx)
}

func (f fakePart) Refunds(ctx context.Context, _ string) ([]refund.Record, error) {
	return f.refunds, f.wait(ctx)
}

func (f fakePart) Postings(ctx context.Context, _ string) ([]posting.Set, error) {
	return []posting.Set{{Kind: posting.Hold, Lines: posting.Move(eur(12600), posting.FundsHeldContra, posting.FundsHeld), CreatedAt: invoicedAt}}, f.wait(ctx)
}

func (f fakePart) Track(ctx context.Context, _ string) ([]shipping.Shipment, error) {
	return []shipping.Shipment{
		{Warehouse: "AMS", State: shipping.Intent},
		{Warehouse: "BER", Carrier: "post", TrackingNumber: "T1", State: shipping.Booked},
	}, f.wait(ctx)
}

func (f fakePart) About(ctx context.Context, _ string) ([]notification.Delivery, error) {
	return []notification.Delivery{
		{Kind: notification.OrderConfirmed, Channel: notification.Email, State: notification.Sent, Address: "ada@example.com", EndedAt: invoicedAt},
		{Kind: notification.OrderRefunded, Channel: notification.Email, State: notification.Wanted, Address: "ada@example.com", CreatedAt: invoicedAt},
	}, f.wait(ctx)
}

var invoicedAt = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// named is a catalog with names for products, which fails with err or hangs.
func named(f fakePart) fakeCatalog {
	return func(ctx context.Context, sku string) (catalog.Product, error) {
		return catalog.Product{SKU: sku, Name: "The " + sku}, f.wait(ctx)
	}
}

func TestGetOrderOverview(t *testing.T) {
	t.Parallel()
	good := shop.Services{Catalog: named(fakePart{}), Payment: fakePart{}, Shipping: fakePart{}, Notification: fakePart{}}
	get := func(t *testing.T, s shop.Services, change ...func(*testBundle)) response {
		t.Helper()
		b := shopOf(t, WithServices(s))
		b.temporal.query = knows(workflows.StatusConfirmed)
		for _, f := range change {
			f(b)
		}
		return b.do(t, http.MethodGet, "/v1/orders/"+someOrder+"/overview", "")
	}
	overview := func(t *testing.T, r response) (o contract.OrderOverview) {
		t.Helper()
		require.Equal(t, http.StatusOK, r.StatusCode, r.text)
		require.Equal(t, "no-store", r.Header.Get("Cache-Control"))
		require.NoError(t, json.Unmarshal([]byte(r.text), &o))
		require.Equal(t, someOrder, o.Order.Id)
		return o
	}

	t.Run("HasEveryPart", func(t *testing.T) {
		t.Parallel()
		o := overview(t, get(t, good))
		require.Equal(t, &contract.Payment{State: "captured", Amount: contract.Money{Amount: 12600, Currency: "EUR"}, Captured: 12600, InvoiceNumber: new("INV-7")}, o.Payment)
		require.Equal(t, []contract.Shipment{
			{Warehouse: "AMS", State: "intent"}, {Warehouse: "BER", State: "booked", Carrier: new("post"), TrackingNumber: new("T1")},
		}, o.Shipments)
		require.Equal(t, []contract.NamedProduct{{Sku: "MUG-STONEWARE", Name: "The MUG-STONEWARE"}}, o.Products)
		require.Equal(t, []contract.Message{
			{Kind: "order.confirmed", Channel: "email", State: "sent", At: invoicedAt}, {Kind: "order.refunded", Channel: "email", State: "wanted", At: invoicedAt},
		}, o.Messages)
		require.Empty(t, o.Missing)
	})
	t.Run("TellsNoAddress", func(t *testing.T) {
		t.Parallel()
		require.NotContains(t, get(t, good).text, "ada@example.com")
	})
	t.Run("NamesThePartsThatAreMissing", func(t *testing.T) {
		t.Parallel()
		down := fakePart{err: fault.Errorf(fault.Transient, fault.Unavailable, "10.0.0.7 is away")}
		for _, broken := range []fakePart{down, {hangs: true}} {
			for part, change := range map[string]func(*shop.Services){
				"messages":  func(s *shop.Services) { s.Notification = broken },
				"payment":   func(s *shop.Services) { s.Payment = broken },
				"shipments": func(s *shop.Services) { s.Shipping = broken },
				"products":  func(s *shop.Services) { s.Catalog = named(broken) },
			} {
				s := good
				change(&s)
				began := time.Now()
				answer := get(t, s)
				o := overview(t, answer)
				require.Less(t, time.Since(began), 10*time.Second)
				require.Equal(t, contract.Missing{{Part: part, Code: "UNAVAILABLE"}}, o.Missing)
				require.NotContains(t, answer.text, "10.0.0.7")
			}
		}
		o := overview(t, get(t, shop.Services{}))
		require.Len(t, o.Missing, 4)
		require.Equal(t, []contract.NamedProduct{{Sku: "MUG-STONEWARE", Name: "MUG-STONEWARE"}}, o.Products, "a SKU is better than no name")
	})
	t.Run("HasNoPaymentWhereThereIsNone", func(t *testing.T) {
		t.Parallel()
		s := good
		s.Payment = fakePart{err: fault.Errorf(fault.Business, fault.NotFound, "none")}
		s.Catalog = named(fakePart{err: fault.Errorf(fault.Business, fault.NotFound, "none")})
		o := overview(t, get(t, s))
		require.Nil(t, o.Payment)
		require.Empty(t, o.Missing)
		require.Equal(t, "MUG-STONEWARE", o.Products[0].Name)
	})
	t.Run("FailsWithTheOrder", func(t *testing.T) {
		t.Parallel()
		get(t, good, func(b *testBundle) {
			b.temporal.query = func(context.Context, string) (workflows.OrderView, error) {
				return workflows.OrderView{}, serviceerror.NewNotFound("no such order")
			}
		}).refused(t, http.StatusNotFound, fault.NotFound)
	})
}
