package store_test

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/services/query"
	"github.com/amends/amends/services/query/words"
)

// shop fills the read model with orders in all states, the oldest first.
func (b testBundle) shop(t *testing.T) []query.Order {
	t.Helper()
	var all []query.Order
	var changes []query.Change
	for n := range 60 {
		o := newOrder(n / 2) // two at each time
		o.ID = fmt.Sprintf("ord-%04d-%x", n, n*7919)
		if n%3 > 0 {
			o.Account = o.CustomerID // else a guest has named it
		}
		switch n % 4 {
		case 1:
			o.Status, o.Parcels = query.Confirmed, []query.Parcel{{Warehouse: "BER", TrackingNumber: fmt.Sprintf("TRK%d", n)}}
		case 2:
			o.Status, o.Reason = query.Cancelled, []string{"OUT_OF_STOCK", "DEADLINE"}[n/4%2]
		}
		if n%5 == 0 {
			o.Attention = []query.Flag{{Step: "payment.capture", Since: began}}
		}
		all, changes = append(all, o), append(changes, told(o, 1))
	}
	b.apply(t, changes...)
	return all
}

// selects is the meaning of a filter.
func selects(f query.OrderFilter, o query.Order) bool {
	texts := []string{o.ID, o.CustomerID}
	for _, l := range o.Lines {
		texts = append(texts, l.SKU)
	}
	for _, p := range o.Parcels {
		texts = append(texts, p.TrackingNumber)
	}
	have := words.Of(texts...)
	for _, w := range words.Of(f.Text) {
		if !slices.ContainsFunc(have, func(h string) bool { return strings.HasPrefix(h, w) }) {
			return false
		}
	}
	return (f.CustomerID == "" || f.CustomerID == o.CustomerID) && (f.Account == "" || f.Account == o.Account) && (f.Status == "" || f.Status == o.Status) &&
		(f.SKU == "" || slices.ContainsFunc(o.Lines, func(l query.Line) bool { return l.SKU == f.SKU })) &&
		(f.PlacedAfter.IsZero() || o.CreatedAt.After(f.PlacedAfter)) && (f.PlacedBefore.IsZero() || o.CreatedAt.Before(f.PlacedBefore)) &&
		(f.Reason == "" || f.Reason == o.Reason) && (f.Style == "" || f.Style == o.Style) &&
		(f.NeedsAttention == nil || *f.NeedsAttention == o.NeedsAttention())
}

// one returns one of some values.
func one[T any](r *rand.Rand, some ...T) T { return some[r.IntN(len(some))] }

func TestAListHasTheOrdersOfItsFilterOnceTheNewestFirst(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b testBundle) {
		all := b.shop(t)
		r := rand.New(rand.NewPCG(3, 4))
		yes, no := true, false
		found := 0
		for range 300 {
			f := query.OrderFilter{
				CustomerID: one(r, "", "", "cus_3", "nobody"), Account: one(r, "", "", "", "", "cus_3"), Status: one(r, "", "", query.Pending, query.Confirmed, query.Cancelled),
				SKU: one(r, "", "", "SKU-2", "MUG-ALL", "none"), Reason: one(r, "", "", "", "DEADLINE"), Style: one(r, "", "orchestrated", "other"),
				PlacedAfter: one(r, time.Time{}, time.Time{}, began.Add(9*time.Second)), PlacedBefore: one(r, time.Time{}, time.Time{}, began.Add(20*time.Second)),
				NeedsAttention: one(r, nil, nil, &yes, &no), Text: one(r, "", "", "", "mug", "ORD 00 all", "trk", "sku 3 mug!", "zzz", "cus 3"), Limit: 1 + r.IntN(9),
			}
			var want, got []string
			for _, o := range all {
				if selects(f, o) {
					want = append(want, o.ID)
				}
			}
			last := time.Now()
			for {
				page, err := b.Orders(t.Context(), f)
				require.NoError(t, err)
				require.LessOrEqual(t, len(page.Orders), f.Limit)
				for _, o := range page.Orders {
					require.False(t, o.Order.CreatedAt.After(last), "the newest first")
					last = o.Order.CreatedAt
					got = append(got, o.Order.ID)
				}
				if f.Cursor = page.Next; f.Cursor == "" {
					break
				}
				require.Len(t, page.Orders, f.Limit)
			}
			require.ElementsMatch(t, want, got, "%+v", f)
			found += len(got)
		}
		require.Greater(t, found, 300, "the filters select something")
	})
}

func TestAMinimumAge(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b testBundle) {
		young, old := newOrder(1), newOrder(2)
		young.CreatedAt, old.CreatedAt = time.Now(), time.Now().Add(-time.Hour)
		b.apply(t, told(young, 1), told(old, 1))
		page, err := b.Orders(t.Context(), query.OrderFilter{MinAge: 50 * time.Minute, Limit: 9})
		require.NoError(t, err)
		require.Len(t, page.Orders, 1)
		require.Equal(t, old.ID, page.Orders[0].Order.ID)
	})
}

// A word that arrives with a later version is found, too.
func TestAnOrderIsFoundByItsNewestWords(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b testBundle) {
		o := newOrder(1)
		b.apply(t, told(o, 1))
		find := func(text string) int {
			page, err := b.Orders(t.Context(), query.OrderFilter{Text: text, CustomerID: o.CustomerID, Limit: 1})
			require.NoError(t, err)
			return len(page.Orders)
		}
		require.Zero(t, find("track9"))
		o.Parcels = []query.Parcel{{TrackingNumber: "TRACK9"}}
		b.apply(t, told(o, 2))
		require.Equal(t, 1, find("track9"))
		require.Equal(t, 1, find("ord 0001 mug"))
	})
}

// A page of large orders is shorter than its limit, and the next one goes on.
func TestAPageFitsIntoAMessage(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b testBundle) {
		for n := range 5 {
			o := newOrder(n)
			o.Lines = []query.Line{{SKU: strings.Repeat("x", 900_000)[:900_000-n], Quantity: 1}}
			o.Parcels = []query.Parcel{{Warehouse: strings.Repeat("w", 900_000)}}
			o.Lines[0].SKU = fmt.Sprintf("S%d", n)
			b.apply(t, told(o, 1))
		}
		f, got := query.OrderFilter{Limit: 100}, 0
		for {
			page, err := b.Orders(t.Context(), f)
			require.NoError(t, err)
			require.LessOrEqual(t, len(page.Orders), 2)
			got += len(page.Orders)
			if f.Cursor = page.Next; f.Cursor == "" {
				break
			}
		}
		require.Equal(t, 5, got)
	})
}

func cursorOf(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

func TestAListRefusesWhatNoPageCanHave(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b testBundle) {
		for name, f := range map[string]query.OrderFilter{
			"NoLimit": {}, "TooMany": {Limit: 101}, "AStatusOfNoOrder": {Limit: 1, Status: "LOST"},
			"ALongText": {Limit: 1, Text: strings.Repeat("x", 1001)}, "ACursorOfNoList": {Limit: 1, Cursor: "abc"},
			"ACursorOfProducts": {Limit: 1, Cursor: cursorOf(`{"o":"name","s":"mug"}`)},
			"NoPlace":           {Limit: 1, Cursor: cursorOf(`null`)}, "APlaceWithoutASeq": {Limit: 1, Cursor: cursorOf(`{}`)},
			"MoreThanAPlace": {Limit: 1, Cursor: cursorOf(`{"s":7} `)}, "AnotherSpelling": {Limit: 1, Cursor: cursorOf(`{"S":7}`)},
		} {
			_, err := b.Orders(t.Context(), f)
			require.Equal(t, fault.Invalid, fault.CodeOf(err), name)
			require.Equal(t, fault.Business, fault.KindOf(err), name)
		}
	})
}
