package show

import (
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"
)

// fit returns the columns that a screen of some width shows, their widths, and the names of
// the others. It gives way in this order: prose wraps; ids are cut, and times stand in two
// lines; columns are left out; at last everything wraps.
func (t *Table) fit(width int) (shown, widths []int, omitted []string) {
	for i := range t.columns {
		if t.natural(i) > 0 {
			shown = append(shown, i)
		}
	}
	for {
		room := width - 3*len(shown) + 1 // each cell has a space on both sides, and a line beside it
		for _, squeezed := range []bool{false, true} {
			if widths, ok := t.share(shown, room, squeezed); ok {
				return shown, widths, omitted
			}
		}
		last := t.leastImportant(shown)
		if last < 0 {
			return shown, t.crushed(shown, room), omitted
		}
		omitted = append(omitted, t.columns[shown[last]].name)
		shown = slices.Delete(slices.Clone(shown), last, last+1)
	}
}

// leastImportant returns the position of the column to leave out next, -1 for none.
func (t *Table) leastImportant(shown []int) int {
	last, rank := -1, 0
	for i, column := range shown {
		if r := t.columns[column].rank; r > 0 && r >= rank {
			last, rank = i, r
		}
	}
	return last
}

// The least widths of columns that give way. An order's id is cut to so many characters.
const (
	leastProse    = 24
	leastSqueezed = 12
	leastMoment   = len("15:04:05.000Z")
	leastID       = 8
)

// share returns widths of columns that fill at most room, false if that is too little.
func (t *Table) share(shown []int, room int, squeezed bool) ([]int, bool) {
	widths := make([]int, len(shown))
	for i, column := range shown {
		widths[i] = min(t.natural(column), t.least(column, squeezed))
		room -= widths[i]
	}
	if room < 0 {
		return nil, false
	}
	for _, growing := range []bool{false, true} { // those that grow in one step go first
		for more := true; more; {
			more = false
			for i, column := range shown {
				lacks := t.natural(column) - widths[i]
				if growing {
					lacks = min(lacks, 1)
				}
				if (t.columns[column].kind == prose) == growing && lacks > 0 && lacks <= room {
					widths[i], room, more = widths[i]+lacks, room-lacks, true
				}
			}
		}
	}
	return widths, true
}

// natural returns the width of a column in which nothing wraps, 0 if it is empty.
func (t *Table) natural(column int) int {
	longest := 0
	for _, row := range t.rows {
		longest = max(longest, text.LongestLineLen(row[column]))
	}
	if longest == 0 {
		return 0
	}
	return max(longest, text.StringWidthWithoutEscSequences(t.columns[column].name))
}

// least returns the width below which a column does not shrink.
func (t *Table) least(column int, squeezed bool) int {
	c := t.columns[column]
	switch {
	case c.kind == prose && squeezed:
		return max(leastSqueezed, longestWord(c.name), min(leastProse, t.longestWord(column)))
	case c.kind == prose:
		return max(leastProse, longestWord(c.name))
	case c.kind == moment && squeezed:
		return max(leastMoment, longestWord(c.name))
	case c.kind == id && squeezed:
		return max(leastID, longestWord(c.name))
	}
	words := 0
	for _, row := range t.rows {
		words = max(words, text.LongestLineLen(row[column]))
	}
	return max(words, longestWord(c.name))
}

// longestWord returns the width of the longest word in a column: a code is not broken.
func (t *Table) longestWord(column int) (longest int) {
	for _, row := range t.rows {
		longest = max(longest, longestWord(row[column]))
	}
	return longest
}

func longestWord(s string) (longest int) {
	for word := range strings.FieldsSeq(s) {
		longest = max(longest, text.StringWidthWithoutEscSequences(word))
	}
	return longest
}

// crushed returns widths of columns that have no other way to fit: the widest gives way.
func (t *Table) crushed(shown []int, room int) []int {
	widths, sum := make([]int, len(shown)), 0
	for i, column := range shown {
		widths[i] = t.natural(column)
		sum += widths[i]
	}
	for ; sum > room; sum-- {
		widest := slices.Index(widths, slices.Max(widths))
		if widths[widest] <= 1 {
			break
		}
		widths[widest]--
	}
	return widths
}
