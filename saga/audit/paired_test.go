package audit_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/saga/audit"
)

// shelf has our own rows, one per saga, and the lines of a statement.
type shelf struct {
	rows, lines []string // sagas
	grow        func(reads int)
	reads       int
}

func (s *shelf) ours(_ context.Context, r audit.Range) ([]string, audit.Range, string, error) {
	s.reads++
	s.grow(s.reads)
	var rows []string
	for _, saga := range s.rows {
		if saga > r.After && (r.To == "" || saga <= r.To) {
			rows = append(rows, saga)
		}
	}
	next := ""
	if len(rows) > r.Limit {
		rows = rows[:r.Limit]
		r.To = rows[r.Limit-1]
		next = r.To
	}
	return rows, r, next, nil
}

func (s *shelf) statement() audit.Statement[string] {
	return audit.Statement[string]{
		Of: func(context.Context, []string) ([]string, error) { return nil, nil },
		Between: func(_ context.Context, after, to string, limit int) ([]string, error) {
			var lines []string
			for _, saga := range s.lines {
				if k := saga + "/step"; k > after && (to == "" || k < to) && len(lines) < limit {
					lines = append(lines, saga)
				}
			}
			return lines, nil
		},
		Saga: func(saga string) string { return saga },
	}
}

// walk reads all pages.
func (s *shelf) walk(t *testing.T) (rows, lines []string) {
	t.Helper()
	for r := (audit.Range{Limit: 3}); ; {
		ours, theirs, next, err := audit.ReadPaired(t.Context(), r, s.statement(), s.ours)
		require.NoError(t, err)
		rows, lines = append(rows, ours...), append(lines, theirs...)
		if next == "" {
			return rows, lines
		}
		require.Greater(t, next, r.After, "it goes on")
		r.After = next
	}
}

func TestReadPairedSkipsNoSaga(t *testing.T) {
	t.Parallel()

	sagas := func(n int) (all []string) {
		for i := range n {
			all = append(all, fmt.Sprintf("s%02d", 2*i))
		}
		return all
	}
	many := slices.Repeat(sagas(9), 5) // more lines of a saga than fit beside those of another
	slices.Sort(many)

	for claim, s := range map[string]shelf{
		"OneLineEach":   {rows: sagas(9), lines: sagas(9)},
		"ManyLinesEach": {rows: sagas(9), lines: many},
		"NoLines":       {rows: sagas(9)},
		"NoRows":        {lines: many},
		"NothingAtAll":  {},
	} {
		t.Run(claim, func(t *testing.T) {
			t.Parallel()
			s.grow = func(int) {}
			rows, lines := s.walk(t)
			require.Equal(t, s.rows, rows)
			require.Equal(t, s.lines, lines)
		})
	}

	// The statement's page ends earlier, so our rows are read again; meanwhile new
	// rows make our page end earlier still.
	t.Run("RowsComeBetweenTwoReads", func(t *testing.T) {
		t.Parallel()
		s := shelf{rows: []string{"s00", "s03", "s08"}, lines: slices.Repeat([]string{"s00", "s06", "s08"}, 4)}
		slices.Sort(s.lines)
		s.grow = func(reads int) {
			if reads == 2 {
				s.rows = []string{"s00", "s01", "s02", "s03", "s08"}
			}
		}
		rows, _ := s.walk(t)
		require.Subset(t, rows, []string{"s00", "s03", "s08"}, "those that were there all the time")
		require.Len(t, rows, len(slices.Compact(slices.Clone(rows))), "each once")
	})
}
