package rebuild

import (
	"context"
	"fmt"
	"time"

	"github.com/amends/amends/event/implied"
	"github.com/amends/amends/internal/background"
	"github.com/amends/amends/reactions"
	"github.com/amends/amends/services/query"
	"github.com/amends/amends/services/query/store/compare"
)

const (
	// looks are how often goods that differ are compared again.
	looks = 10
	// most bounds the time for which they must differ: the doctor waits for the answer.
	most = 20 * time.Second
	// suspects are the most goods that are compared again, and listed the most that are
	// described.
	suspects, listed = 1000, 100
	// overdue is how far the read model may be behind the broker before that excuses no
	// difference.
	overdue = 10 * time.Minute
	// hearing is how long the read model may take to have heard all: it is measured every few
	// seconds. One that is further behind is not waited for. It may not catch up at all: behind
	// a dead letter it stands until a person decides.
	hearing = 15 * time.Second
)

// Goods compares the products and the stock of the read model with those of their owners.
type Goods struct {
	copies *compare.Store
	owners map[string]implied.Source
}

// NewGoods returns a comparison with owners, by their names.
func NewGoods(copies *compare.Store, owners map[string]implied.Source) *Goods {
	return &Goods{copies, owners}
}

// Differ returns the goods that differ for as long as patience, in words, at most a hundred.
// It reads the owners in pages, and keeps only rows that differ. A row that has become newer
// than its owner's answer is right. While the read model is known to be behind the broker
// nothing is judged, for ten minutes at most.
func (g *Goods) Differ(ctx context.Context, patience time.Duration) ([]string, error) {
	had, err := g.copies.Count(ctx) // before the owners, which never lose a row
	if err != nil {
		return nil, err //nolint:wrapcheck // a fault
	}
	asked, patience := time.Now(), min(patience, most)
	unlike, owned, err := g.walk(ctx)
	if err != nil {
		return nil, err
	}
	words, err := g.last(ctx, unlike, asked, patience)
	if err != nil {
		return nil, err
	}
	words = words[:min(len(words), listed)]
	if more := had.Products - owned.Products; more > 0 {
		words = append(words, fmt.Sprintf("the read model has %d products that their owner does not have", more))
	}
	if more := had.Stock - owned.Stock; more > 0 {
		words = append(words, fmt.Sprintf("the read model has %d rows of stock that their owner does not have", more))
	}
	sums, err := g.copies.Sums(ctx)
	return append(words, sums...), err //nolint:wrapcheck // a fault
}

// last describes those of the goods that still differ after patience, and after the read
// model has heard all that the broker had when their owners were asked.
func (g *Goods) last(ctx context.Context, unlike []query.Change, asked time.Time, patience time.Duration) (words []string, err error) {
	for n := 0; len(unlike) > 0; n++ {
		if unlike, words, err = g.copies.Unlike(ctx, unlike); err != nil || len(unlike) == 0 {
			return nil, err //nolint:wrapcheck // a fault
		}
		upTo, err := g.copies.AsOf(ctx)
		if err != nil {
			return nil, err //nolint:wrapcheck // a fault
		}
		heard := upTo.IsZero() || !upTo.Before(asked)
		late := asked.Sub(upTo)
		switch {
		case !heard && late > hearing && late < overdue:
			return nil, nil
		case n < looks:
		case heard || late >= overdue:
			return words, nil
		case time.Since(asked) > patience+hearing:
			return nil, nil
		}
		wait := patience / looks
		if n >= looks {
			wait = between
		}
		if !background.Pause(ctx, wait) {
			return nil, ctx.Err()
		}
	}
	return nil, nil
}

// walk returns the goods that differ at a first look, and how many rows the owners have.
func (g *Goods) walk(ctx context.Context) (unlike []query.Change, owned compare.Counts, err error) {
	for _, owner := range reactions.GoodsOwners() {
		for after, more := "", true; more; {
			facts, next, err := ask(ctx, g.owners, owner, implied.Page{After: after, Limit: page})
			if err != nil {
				return nil, owned, err
			}
			var changes []query.Change
			for _, e := range facts {
				c, err := reactions.Query(e)
				if err != nil {
					return nil, owned, err //nolint:wrapcheck // a fault that names the event
				}
				changes = append(changes, c)
				if c.Product != nil {
					owned.Products++
				} else {
					owned.Stock++
				}
			}
			some, _, err := g.copies.Unlike(ctx, changes)
			if err != nil {
				return nil, owned, err //nolint:wrapcheck // a fault
			}
			unlike = append(unlike, some[:min(len(some), suspects-len(unlike))]...)
			after, more = next, next != ""
		}
	}
	return unlike, owned, nil
}
