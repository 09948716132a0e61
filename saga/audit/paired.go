package audit

import (
	"context"
	"slices"
)

// Statement reads the book of an external system, which has lines instead of
// sagas: a page of it may end in the middle of a saga.
type Statement[Line any] struct {
	// Of returns every line of the sagas.
	Of func(ctx context.Context, sagas []string) ([]Line, error)
	// Between returns at most limit lines in the order of their keys, with keys
	// greater than after and less than to; an empty bound is open.
	Between func(ctx context.Context, after, to string, limit int) ([]Line, error)
	// Saga returns the saga that a line belongs to.
	Saga func(Line) string
}

// linesPerSaga is how many lines are requested per saga: those of a normal saga,
// with room for some that should not exist.
const linesPerSaga = 4

// ReadPaired reads one page from two books with different page sizes, so that
// rows and lines belong to the same sagas. The function ours reads our own book:
// its rows, the key range that they cover, and the cursor behind it. The result
// next is the cursor for the next page; empty: r is exhausted.
//
// Our rows may change between two reads, which skips no saga.
func ReadPaired[Ours, Line any](ctx context.Context, r Range, s Statement[Line],
	ours func(ctx context.Context, r Range) (rows Ours, of Range, next string, err error),
) (rows Ours, lines []Line, next string, err error) {
	var none Ours
	for want, to, asked := r, "", false; ; asked = true {
		rows, of, next, err := ours(ctx, want)
		if err != nil {
			return none, nil, "", err
		}
		if !asked || of.To != to { // otherwise the lines already match these rows
			if lines, to, err = s.lines(ctx, of); err != nil {
				return none, nil, "", err
			}
		}
		if to == of.To {
			if next == "" && to != r.To {
				next = to // our book is exhausted, the statement's page ended early
			}
			return rows, lines, next, nil
		}
		want.To = to // the statement's page ends earlier: shorten ours
	}
}

// lines returns the lines of the sagas of r, and the last saga they cover.
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
	// The page may end in the middle of a saga, so that saga is left to the next one.
	last := s.Saga(lines[len(lines)-1])
	for i, l := range slices.Backward(lines) {
		if saga := s.Saga(l); saga != last {
			return lines[:i+1], saga, nil
		}
	}
	return lines, last, nil // one saga fills the page: enough lines to find it wrong
}

// behind turns a bound of saga ids into a bound of keys: a saga's keys start
// with its id and a slash, and "0" is the character after the slash.
func behind(saga string) string {
	if saga == "" {
		return ""
	}
	return saga + "0"
}
