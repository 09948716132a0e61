package load

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/amends/amends/api/client"
	"github.com/amends/amends/services/order"
)

const (
	// readers is how many orders are asked for at a time at the end.
	readers = 8
	// Pauses between the rounds of asking for the undecided orders: the first
	// while some get decided, and up to the last while none does.
	firstRound, lastRound = 250 * time.Millisecond, 2 * time.Second
	// patience is how many undecided orders in a row end a round: orders are
	// decided about in the order of placement, so asking for later ones would be
	// useless load.
	patience = 2 * readers
)

// found is the platform's final answer about an order; there are very many, so it
// has only the judged fields.
type found struct {
	status, reason   string // empty: no answer
	created, updated time.Time
	differs          string // the difference from the placement
	attention        string // why it makes no progress
	missing          bool   // there is no such order
	last             string // the last answer of another kind
}

func (f found) known() bool { return f.status != "" }

func (f found) decided() bool { return f.known() && f.status != string(order.Pending) }

// question is an order that is asked for.
type question struct {
	id string
	of *tracked
}

// settle asks for every order that an answer named, until each is decided or
// Options.Wait is over. Its error is that of ctx.
func (r *run) settle(ctx context.Context) (map[string]found, error) {
	var open []question
	for _, t := range r.all() {
		for _, id := range t.ids {
			open = append(open, question{id, t})
		}
	}
	all := make(map[string]found, len(open))
	until := time.Now().Add(r.o.Wait)
	pause := firstRound
	for len(open) > 0 && time.Now().Add(pause).Before(until) {
		before := r.checked.Load()
		open = r.askAll(ctx, open, all, patience)
		if pause = min(2*pause, lastRound); r.checked.Load() > before {
			pause = firstRound
		}
		if len(open) == 0 {
			break
		}
		if err := sleep(ctx, pause); err != nil {
			return all, err
		}
	}
	r.askAll(ctx, open, all, len(open)+1)
	return all, ctx.Err()
}

// askAll asks each question once, until patience undecided orders in a row. It
// records the answers in all, and returns the open questions, those of undecided
// orders last.
func (r *run) askAll(ctx context.Context, questions []question, all map[string]found, limit int) []question {
	var (
		mu        sync.Mutex
		undecided []question
		inARow    int
		next      = make(chan question)
		workers   sync.WaitGroup
	)
	for range readers {
		workers.Go(func() {
			for q := range next {
				a := r.call.get(ctx, q.id)
				mu.Lock()
				f := r.read(all[q.id], q, a)
				all[q.id] = f
				if f.decided() || f.missing {
					inARow = 0
					r.checked.Add(1)
				} else {
					inARow++
					undecided = append(undecided, q)
				}
				if f.decided() && q.of.status == "" {
					r.decided.Add(1)
				}
				mu.Unlock()
			}
		})
	}
	for len(questions) > 0 && ctx.Err() == nil {
		mu.Lock()
		enough := inARow >= limit
		mu.Unlock()
		if enough {
			break
		}
		next <- questions[0]
		questions = questions[1:]
	}
	close(next)
	workers.Wait()
	return slices.Concat(questions, undecided)
}

// read adds an answer to the known state of an order.
func (r *run) read(f found, q question, a answer) found {
	switch {
	case a.good() && a.order.Id != q.id:
		return found{status: a.order.Status, differs: "is answered as order " + a.order.Id}
	case a.good() && bare(a.order):
		f.last = "decided, says the engine"
		return f
	case a.good():
		return found{
			status: a.order.Status, reason: reasonOf(a.order), created: a.order.CreatedAt, updated: a.order.UpdatedAt,
			differs: differs(r.o.plan(r.id, q.of.n).body, a.order), attention: attention(a.order),
		}
	case a.status == http.StatusNotFound:
		return found{missing: true}
	default:
		f.last = a.String()
		return f
	}
}

// differs names the difference between an order and its placement. An order that
// only the engine knows yet may lack the placement.
func differs(want client.PlaceOrder, got client.Order) string {
	if want.CustomerId != "" && got.CustomerId != nil && *got.CustomerId != want.CustomerId {
		return fmt.Sprintf("is of customer %s, and must be of %s", *got.CustomerId, want.CustomerId)
	}
	if len(got.Lines) == 0 && !decided(got) {
		return ""
	}
	if len(got.Lines) != len(want.Lines) {
		return fmt.Sprintf("has %d lines, and must have %d", len(got.Lines), len(want.Lines))
	}
	var sum int64
	for i, line := range got.Lines {
		if line.Sku != want.Lines[i].Sku || line.Quantity != want.Lines[i].Quantity {
			return fmt.Sprintf("has line %d × %s, and must have %d × %s", line.Quantity, line.Sku, want.Lines[i].Quantity, want.Lines[i].Sku)
		}
		if line.UnitPrice != nil {
			sum += line.Quantity * line.UnitPrice.Amount
		}
	}
	if got.Status != string(order.Confirmed) {
		return ""
	}
	if got.Total == nil || got.Total.Amount != sum || got.Total.Currency != want.Currency {
		return fmt.Sprintf("is confirmed for %s, and its lines cost %d %s", total(got), sum, want.Currency)
	}
	return ""
}

func total(o client.Order) string {
	if o.Total == nil {
		return "no total"
	}
	return fmt.Sprintf("%d %s", o.Total.Amount, o.Total.Currency)
}

// attention says why an order makes no progress.
func attention(o client.Order) string {
	var s strings.Builder
	for _, a := range o.Attention {
		s.WriteString("; needs attention: " + a.Step + " " + a.Code)
	}
	return s.String()
}
