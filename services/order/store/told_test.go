package store_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/event"
	"github.com/amends/amends/proof/told"
	"github.com/amends/amends/saga/ledger"
	"github.com/amends/amends/services/order"
)

func TestAnOrderTellsItsChanges(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b testBundle) {
		r, ctx := told.New(b.db), t.Context()
		b.create(t, "a")
		b.create(t, "a")
		events := r.Events(t)
		require.Len(t, events, 1, "a repeat tells nothing")
		require.Equal(t, []any{"a", "a", int64(1)}, []any{events[0].Key, events[0].Correlation, events[0].Sequence})
		placed := told.Read(t, order.PlacedFact, events[0])
		p := placement()
		var lines []order.TakenLine
		for _, l := range p.Lines {
			lines = append(lines, order.TakenLine{SKU: l.SKU, Quantity: l.Quantity})
		}
		require.Equal(t, order.Snapshot{
			ID: "a", CustomerID: p.CustomerID, Status: order.Pending, Style: order.Orchestrated, Currency: "EUR", Lines: lines, DecideBy: p.DecideBy,
			CreatedAt: placed.CreatedAt, UpdatedAt: placed.CreatedAt,
		}, placed)

		flag := ledger.Attention{Step: "shipping.book", Code: "CARRIER_TIMEOUT", Kind: "unknown", Since: noted, Owed: "parcels"}
		require.NoError(t, b.Note(ctx, note("a"), order.Note{At: noted, Attention: []ledger.Attention{flag}}))
		require.NoError(t, b.Note(ctx, note("a"), order.Note{At: noted.Add(time.Second), Attention: []ledger.Attention{flag}}))
		events = r.Events(t)
		require.Len(t, events, 1, "the second note has the same flags")
		require.Len(t, told.Read(t, order.AttentionChangedFact, events[0]).Attention, 1)

		end := confirmed()
		end.Note.At = noted.Add(2 * time.Second)
		for range 2 {
			_, err := b.Confirm(ctx, confirm("a"), end)
			require.NoError(t, err)
		}
		events = r.Events(t)
		require.Len(t, events, 2, "its end, and that its flag is gone")
		for _, fact := range []event.Fact[order.Snapshot]{order.ConfirmedFact, order.AttentionChangedFact} {
			got := told.Read(t, fact, events[0])
			require.Equal(t, []any{order.Confirmed, confirmed().Total, 0}, []any{got.Status, got.Total, len(got.Attention)})
			require.Equal(t, int64(4), events[0].Sequence)
			events = events[1:]
		}
	})
}

func TestACancelledOrderTellsItsReason(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b testBundle) {
		r, ctx := told.New(b.db), t.Context()
		b.create(t, "a")
		_, err := b.Decide(ctx, decide("a"), order.Decision{Reason: order.OutOfStock})
		require.NoError(t, err)
		require.Equal(t, []string{"order.placed a"}, r.Names(t), "the decision is told when it is carried out")
		end := cancelled(order.CustomerRequest)
		end.Note = order.Note{At: noted, Attention: []ledger.Attention{mismatch}}
		_, err = b.Cancel(ctx, cancel("a"), end)
		require.NoError(t, err)
		events := r.Events(t)
		require.Len(t, events, 2)
		got := told.Read(t, order.CancelledFact, events[0])
		require.Equal(t, []any{order.Cancelled, order.OutOfStock, order.OutOfStock}, []any{got.Status, got.Reason, got.Decided})
		require.Len(t, told.Read(t, order.AttentionChangedFact, events[1]).Attention, 1)
		_, err = b.Acknowledge(ctx, acknowledge("a"), looked("night"))
		require.NoError(t, err)
		require.Equal(t, []string{"order.attention_changed a"}, r.Names(t))
		_, err = b.Confirm(ctx, confirm("a"), confirmed())
		require.Error(t, err)
		require.Empty(t, r.Names(t), "a change that is refused tells nothing")
	})
}

func TestAnOrderTellsARepeatUnderACause(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b testBundle) {
		r := told.New(b.db)
		ctx := event.CausedBy(t.Context(), event.Event{ID: "again"})
		for range 2 {
			_, err := b.Create(ctx, create("a"), placement())
			require.NoError(t, err)
		}
		for range 2 {
			_, err := b.Cancel(ctx, cancel("a"), cancelled(order.OutOfStock))
			require.NoError(t, err)
		}
		ids := map[string]bool{}
		var names []string
		for _, e := range r.Events(t) {
			ids[e.ID] = true
			names = append(names, e.Type)
			require.Equal(t, "again", e.Causation)
		}
		require.Len(t, ids, 4)
		require.Equal(t, []string{
			order.PlacedFact.Type(), order.PlacedFact.Type(), order.CancelledFact.Type(), order.CancelledFact.Type(),
		}, names)
	})
}

// Twenty confirmations, and notes beside them: the end is told once, and the sequence
// never goes back.
func TestOrdersTellInTheOrderOfTheirVersions(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b testBundle) {
		r := told.New(b.db)
		done := make(chan error)
		const calls = 20
		for i := range calls {
			go func() {
				done <- patiently(func() error {
					_, err := b.Create(t.Context(), create("a"), placement())
					if err == nil && i%2 == 0 {
						_, err = b.Confirm(t.Context(), confirm("a"), confirmed())
					} else if err == nil {
						flag, at := mismatch, noted.Add(time.Duration(i)*time.Second)
						flag.Since = at
						err = b.Note(t.Context(), note("a"), order.Note{At: at, Attention: []ledger.Attention{flag}})
					}
					return err
				})
			}()
		}
		for range calls {
			require.NoError(t, <-done)
		}
		count, last := map[string]int{}, int64(0)
		for _, e := range r.Events(t) {
			count[e.Type]++
			require.GreaterOrEqual(t, e.Sequence, last)
			last = e.Sequence
		}
		require.Equal(t, 1, count[order.PlacedFact.Type()])
		require.Equal(t, 1, count[order.ConfirmedFact.Type()])
		rec, err := b.Get(t.Context(), "a")
		require.NoError(t, err)
		require.Equal(t, rec.Version, last)
	})
}

func TestNoFactOfAnOrderHasPersonalData(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b testBundle) {
		ctx := t.Context()
		p := placement()
		p.ShipTo = order.Address{
			Name: "Canary Person", Line1: "Canary Street 1", Line2: "Canary Floor", City: "Canarytown", PostalCode: "C-4711", Region: "Canaria", Country: "DE",
		}
		p.PaymentToken = "tok_canary"
		_, err := b.Create(ctx, create("a"), p)
		require.NoError(t, err)
		end := cancelled(order.CustomerRequest)
		end.View = []byte(`{"words":"canary view"}`)
		end.Note = order.Note{At: noted, Attention: []ledger.Attention{mismatch}, Waivers: []ledger.Waiver{{
			Step: "payment.authorize", Code: "X", Owed: "canary owed", Reason: "canary reason", Operator: "canary operator", Reference: "canary case", At: noted,
		}}}
		_, err = b.Cancel(ctx, cancel("a"), end)
		require.NoError(t, err)
		a := looked("canary night")
		a.Reason, a.Reference = "canary words", "canary ticket"
		_, err = b.Acknowledge(ctx, acknowledge("a"), a)
		require.NoError(t, err)
		told.RequireAbsent(t, b.db, "anary", "C-4711")
	})
}
