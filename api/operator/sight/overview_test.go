package sight

import (
	"context"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/api/gather"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/services/inventory"
	"github.com/amends/amends/services/payment"
	"github.com/amends/amends/services/payment/posting"
	"github.com/amends/amends/services/query"
	"github.com/amends/amends/services/shipping"
)

var now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// books is a read model, and the records of two services, in memory.
type books struct {
	query.Service

	orders []query.Order
	paid   map[string]payment.Summary
	sent   map[string][]shipping.Shipment
	away   error // of shipping
	asked  int
	wait   chan error // of lists; nil: they do not wait
}

func (b *books) Orders(_ context.Context, f query.OrderFilter) (query.OrderPage, error) {
	b.asked++
	if b.wait != nil {
		if err := <-b.wait; err != nil {
			return query.OrderPage{}, err
		}
	}
	var page query.OrderPage
	skipped := 0
	for _, o := range b.orders {
		switch {
		case f.Status != "" && o.Status != f.Status, f.NeedsAttention != nil && o.NeedsAttention() != *f.NeedsAttention:
		case skipped < len(f.Cursor):
			skipped++
		case len(page.Orders) == f.Limit:
			page.Next = f.Cursor + string(make([]byte, f.Limit))
			return page, nil
		default:
			o.Steps = nil // as of the read model
			page.Orders = append(page.Orders, query.Found{Order: o})
		}
	}
	return page, nil
}

func (b *books) Order(_ context.Context, id string) (query.Found, error) {
	i := slices.IndexFunc(b.orders, func(o query.Order) bool { return o.ID == id })
	return query.Found{Order: b.orders[i]}, nil
}

func (b *books) Payment(_ context.Context, order string) (payment.Summary, error) {
	p, ok := b.paid[order]
	if !ok {
		return p, fault.Errorf(fault.Business, fault.NotFound, "no payment")
	}
	return p, nil
}

func (b *books) Postings(context.Context, string) ([]posting.Set, error) { return nil, nil }

func (b *books) Reserved(context.Context, string) ([]inventory.Reserved, error) { return nil, nil }

func (b *books) Shipments(_ context.Context, order string) ([]shipping.Shipment, error) {
	return b.sent[order], b.away
}

func (b *books) overview(t *testing.T) contract.Overview {
	t.Helper()
	got, err := (&overview{config: Config{Model: b, Records: b, DecideAfter: 10 * time.Minute, Now: func() time.Time { return now }}}).get(t.Context())
	require.NoError(t, err)
	return got
}

func pending(id string, age time.Duration, holds ...query.Step) query.Order {
	return query.Order{ID: id, Status: query.Pending, CreatedAt: now.Add(-age), Steps: holds, Lines: []query.Line{{SKU: "A", Quantity: 2}, {SKU: "B", Quantity: 3}}}
}

func paid(state payment.State, minor, captured, refunded int64, currency money.Currency) payment.Summary {
	return payment.Summary{State: state, Amount: money.New(minor, currency), Captured: captured, Refunded: refunded}
}

func TestOverviewSumsTheRecords(t *testing.T) {
	t.Parallel()
	reserved := query.Step{Name: "inventory.reserve", Exposure: "stock held"}
	released := query.Step{Name: "inventory.reserve"}
	done := query.Order{ID: "done", Status: query.Confirmed, Attention: []query.Flag{{Step: "inventory.commit", Since: now.Add(-2 * time.Hour)}}}
	flagged := pending("flagged", time.Minute, reserved)
	flagged.Attention = []query.Flag{{Since: now.Add(-time.Minute)}, {Since: now.Add(-3 * time.Minute)}}
	b := &books{
		orders: []query.Order{pending("young", time.Second, reserved), pending("late", time.Hour, released), pending("free", time.Minute), pending("asked", time.Minute), flagged, done, {ID: "over", Status: query.Confirmed}},
		paid: map[string]payment.Summary{
			"young": paid(payment.Authorized, 1000, 0, 0, "EUR"), "late": paid(payment.Captured, 500, 500, 200, "EUR"), "flagged": paid(payment.Authorized, 70, 0, 0, "USD"),
			"done": paid(payment.Refunded, 9, 9, 9, "EUR"), "over": paid(payment.Captured, 1, 1, 0, "EUR"), "free": paid(payment.Voided, 5, 0, 0, "EUR"), "asked": paid(payment.Intent, 20, 0, 0, "EUR"),
		},
		sent: map[string][]shipping.Shipment{"late": {{State: shipping.Booked}, {State: shipping.Cancelled}}, "young": {{State: shipping.Intent}}},
	}
	got := b.overview(t)
	require.Equal(t, contract.Overview{
		At: now, Complete: true, Undecided: 5,
		Flagged: contract.Tally{Count: 2, LastHour: 1, Trend: &[]int64{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, Oldest: new(now.Add(-2 * time.Hour))},
		Longest: []contract.WaitingOrder{
			{Id: "done", Status: "CONFIRMED", Since: now.Add(-2 * time.Hour), Attention: []contract.Attention{{Step: "inventory.commit", Since: now.Add(-2 * time.Hour)}}},
			{Id: "flagged", Status: "PENDING", Since: now.Add(-3 * time.Minute), Attention: []contract.Attention{{Since: now.Add(-time.Minute)}, {Since: now.Add(-3 * time.Minute)}}},
		},
		Overdue: contract.Tally{Count: 1, LastHour: 1, Trend: &[]int64{0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0}, Oldest: new(now.Add(11*time.Minute - time.Hour))},
		Holds: contract.Exposure{
			MoneyHeld: []contract.Money{{Amount: 1020, Currency: "EUR"}, {Amount: 70, Currency: "USD"}}, MoneyTaken: []contract.Money{{Amount: 300, Currency: "EUR"}},
			StockHeld: 10, ParcelsBooked: 1,
		},
	}, got)
}

func TestOverviewNamesAServiceThatIsAway(t *testing.T) {
	t.Parallel()
	b := &books{orders: []query.Order{pending("a", 1)}, away: fault.Errorf(fault.Transient, fault.Unavailable, "away")}
	require.Equal(t, &contract.Missing{{Part: "shipments", Code: "UNAVAILABLE"}}, b.overview(t).Missing)
}

func TestOverviewReadsAllPagesAndSaysIfThereAreMore(t *testing.T) {
	t.Parallel()
	b := &books{}
	for range mostOrders {
		b.orders = append(b.orders, pending("same", 1))
	}
	require.True(t, b.overview(t).Complete)
	b.orders = append(b.orders, pending("one more", 1))
	got := b.overview(t)
	require.False(t, got.Complete)
	require.EqualValues(t, mostOrders, got.Undecided)
}

// TestOverviewNamesTheOrdersThatHaveWaitedLongest: lists begin with the newest orders, so these
// are on the last page.
func TestOverviewNamesTheOrdersThatHaveWaitedLongest(t *testing.T) {
	t.Parallel()
	b := &books{}
	for age := range 3 * query.MaxPage {
		o := pending(strconv.Itoa(age), time.Hour)
		o.Attention = []query.Flag{{Since: now.Add(-time.Duration(age) * time.Second)}}
		b.orders = append(b.orders, o)
	}
	var ids []string
	for _, o := range b.overview(t).Longest {
		ids = append(ids, o.Id)
	}
	oldest := 3*query.MaxPage - 1
	want := []string{}
	for i := range named {
		want = append(want, strconv.Itoa(oldest-i))
	}
	require.Equal(t, want, ids)
}

func TestOverviewIsKeptForAMoment(t *testing.T) {
	t.Parallel()
	b, at := &books{}, now
	o := &overview{config: Config{Model: b, Records: b, Now: func() time.Time { return at }}}
	for _, later := range []time.Duration{0, keep - 1, keep} {
		at = now.Add(later)
		_, err := o.get(t.Context())
		require.NoError(t, err)
	}
	require.Equal(t, 4, b.asked, "two lists, twice")
}

func TestOverviewIsMadeOnceForAllWhoWait(t *testing.T) {
	t.Parallel()
	setup := func() (*books, *overview) {
		b := &books{wait: make(chan error)}
		return b, &overview{config: Config{Model: b, Records: b, Now: func() time.Time { return now }}}
	}
	// ask has n requests wait for the overview, and returns the channel of their errors.
	ask := func(ctx context.Context, o *overview, n int) chan error {
		got := make(chan error, n)
		for range n {
			go func() {
				_, err := o.get(ctx)
				got <- err
			}()
		}
		return got
	}

	t.Run("AFailureIsThatOfAll", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			b, o := setup()
			got := ask(t.Context(), o, 20)
			synctest.Wait()
			b.wait <- fault.Errorf(fault.Transient, fault.Unavailable, "away")
			for range 20 {
				require.Equal(t, fault.Unavailable, fault.CodeOf(<-got))
			}
			require.Equal(t, 1, b.asked, "those who waited do not try it one after the other")
		})
	})

	t.Run("NoOneWaitsLongerThanTheirRequest", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			b, o := setup()
			first, leave := context.WithCancel(t.Context())
			impatient := ask(first, o, 1)
			synctest.Wait()
			patient := ask(t.Context(), o, 1)
			synctest.Wait()
			leave()
			require.ErrorIs(t, <-impatient, context.Canceled)
			close(b.wait)
			require.NoError(t, <-patient, "the one who asked first has left")
			require.Equal(t, 2, b.asked)
		})
	})
}

func TestAnOverviewThatPanicsIsAFailure(t *testing.T) {
	t.Parallel()
	o := &overview{config: Config{Now: func() time.Time { return now }}} // no model
	_, err := o.get(t.Context())
	require.ErrorIs(t, err, errPanic)

	b := &books{orders: []query.Order{pending("a", time.Minute)}} // its records are not there
	_, err = (&overview{config: Config{Model: b, Now: func() time.Time { return now }}}).get(t.Context())
	require.ErrorIs(t, err, gather.ErrBroken, "also in the goroutine of one order")
}
