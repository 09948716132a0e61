package bridge

import (
	"context"

	"github.com/amends/amends/internal/strangle/monolith"
	"github.com/amends/amends/services/order"
)

// List lists the orders of this platform, in pages by id.
type List func(ctx context.Context, f order.Filter) ([]order.Record, error)

// page is how many orders the monolith is asked about at once.
const page = 500

// Rehearsal is the losses of a cut-back.
type Rehearsal struct {
	All     int      `json:"all"`     // orders that were placed here
	Pending int      `json:"pending"` // of these, not decided; they follow once they are
	Missing []string `json:"missing"` // decided ones that the monolith does not have, or not with all their refunds
	Written int      `json:"written"` // of these, written by this run
}

// Rehearse compares the orders that were placed here, and their refunds, with those of the monolith. With mend it
// writes the missing ones, which then are not missing any more.
func (b Back) Rehearse(ctx context.Context, list List, mend bool) (r Rehearsal, err error) {
	r.Missing = []string{}
	for after := ""; ; {
		records, err := list(ctx, order.Filter{After: after, Limit: page})
		if err != nil {
			return r, err
		}
		if err := b.rehearse(ctx, records, mend, &r); err != nil {
			return r, err
		}
		if len(records) < page {
			return r, nil
		}
		after = records[len(records)-1].ID
	}
}

func (b Back) rehearse(ctx context.Context, records []order.Record, mend bool, r *Rehearsal) error {
	of, asked := map[string]order.Record{}, []monolith.Standing{}
	for _, rec := range records {
		switch {
		case rec.Origin != "":
			continue
		case rec.Status == order.Pending:
			r.Pending++
		default:
			of[rec.ID], asked = rec, append(asked, monolith.Standing{ID: rec.ID, Refunded: rec.Refunded})
		}
		r.All++
	}
	if len(asked) == 0 {
		return nil
	}
	missing, err := b.Monolith.Missing(ctx, asked)
	if err != nil || !mend {
		r.Missing = append(r.Missing, missing...)
		return err //nolint:wrapcheck // a fault
	}
	for _, id := range missing {
		if err := b.Write(ctx, of[id].Snapshot(), of[id].Version); err != nil {
			return err
		}
		r.Written++
	}
	return nil
}
