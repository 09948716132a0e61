package key

import (
	"context"
	"slices"
)

// Statement is a book that is kept outside, by lines and not by sagas: pages of
// it may end in the middle of a saga.
type Statement[Line any] struct {
	// Of returns every line of the sagas.
	Of func(ctx context.Context, sagas []string) ([]Line, error)
	// Between returns at most limit lines whose keys come behind after and before
	// to, by key. Empty: no bound.
	Between func(ctx context.Context, after, to string, limit int) ([]Line, error)
	// Saga is whose line it is.
	Saga func(Line) string
}

// linesPerSaga is how many lines are asked for per saga that is wanted: what an
// effect leaves, and room for what should not be there.
const linesPerSaga = 4

// Together reads one stretch of two books that page by themselves: our own, of
// which ours returns the rows, the range that they are of, and behind which saga
// it goes on; and a statement. Both answers are of the same sagas. next is behind
// which saga the stretch goes on; empty: nothing is left of r.
//
// Our rows may change between two reads; no saga is left out for that.
func Together[Ours, Line any](ctx context.Context, r Range, s Statement[Line],
	ours func(ctx context.Context, r Range) (rows Ours, of Range, next string, err error),
) (rows Ours, lines []Line, next string, err error) {
	var none Ours
	for want, to, asked := r, "", false; ; asked = true {
		rows, of, next, err := ours(ctx, want)
		if err != nil {
			return none, nil, "", err
		}
		if !asked || of.To != to { // else the lines are those of these rows already
			if lines, to, err = s.lines(ctx, of); err != nil {
				return none, nil, "", err
			}
		}
		if to == of.To {
			if next == "" && to != r.To {
				next = to // of ours nothing is left up to there, where the statement's page ended
			}
			return rows, lines, next, nil
		}
		want.To = to // the statement's page ends earlier: then ours shall too
	}
}

// lines returns the lines of the sagas of r, and with which saga they end.
func (s Statement[Line]) lines(ctx context.Context, r Range) ([]Line, string, error) {
	if len(r.Sagas) > 0 {
		lines, err := s.Of(ctx, r.Sagas)
		return lines, r.To, err
	}
	limit := linesPerSaga * max(r.Limit, 1)
	lines, err := s.Between(ctx, behind(r.After), behind(r.To), limit)
	if err != nil || len(lines) < limit {
		return lines, r.To, err
	}
	// The page may end in the middle of a saga, so that saga is of the next one.
	last := s.Saga(lines[len(lines)-1])
	for i, l := range slices.Backward(lines) {
		if saga := s.Saga(l); saga != last {
			return lines[:i+1], saga, nil
		}
	}
	return lines, last, nil // one saga with more lines than a page: these are enough to be wrong
}

// behind is the bound of keys that a bound of sagas is: a saga's keys are its id,
// a slash and more, and "0" comes right after the slash.
func behind(saga string) string {
	if saga == "" {
		return ""
	}
	return saga + "0"
}
