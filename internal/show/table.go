package show

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/amends/amends/internal/text"
)

// Column is a column of a [Table]: its name, and how it gives way where the screen is narrow.
type Column struct {
	name string
	kind kind
	rank int
}

// kind is how a column gives way.
type kind int

const (
	whole  kind = iota // it does not
	number             // it does not, and is aligned to the right
	moment             // in two lines, of the date and of the time
	id                 // cut to its first characters
	prose              // wrapped
)

// Text returns a column of short words, which stay in one line.
func Text(name string) Column { return Column{name: name} }

// Number returns a column of numbers, aligned to the right.
func Number(name string) Column { return Column{name: name, kind: number} }

// Moment returns a column of times as [Stamp] formats them.
func Moment(name string) Column { return Column{name: name, kind: moment} }

// OrderID returns a column of ids of orders, of which a narrow screen shows the beginning:
// commands take it for the id.
func OrderID(name string) Column { return Column{name: name, kind: id} }

// Prose returns a column of sentences, or of other texts that may be long.
func Prose(name string) Column { return Column{name: name, kind: prose} }

// Dispensable returns the column as one that is left out on a screen that is too narrow for
// all; those of the highest rank first. Other columns stay.
func (c Column) Dispensable(rank int) Column {
	c.rank = rank
	return c
}

// State is a cell that is shown in the color of its meaning.
type State string

// Table is rows under named columns.
type Table struct {
	columns []Column
	rows    [][]string
	states  [][]string // the colors of the cells
	pairs   bool
	stacked bool
}

// NewTable returns an empty table.
func NewTable(columns ...Column) *Table { return &Table{columns: columns} }

// Pairs returns an empty table of names and values, two cells in each row, without a line of
// the columns' names.
func Pairs() *Table { return &Table{columns: []Column{Text(""), Prose("")}, pairs: true} }

// Stacked has a terminal show each row as a block of lines, a line for each cell that is not
// empty: for long texts in many columns. It returns t.
func (t *Table) Stacked() *Table {
	t.stacked = true
	return t
}

// Row adds a row with a cell for each column.
func (t *Table) Row(cells ...any) {
	row, colors := make([]string, len(t.columns)), make([]string, len(t.columns))
	for i, c := range cells {
		row[i] = printable(strings.TrimRight(fmt.Sprint(c), "\n"))
		if s, ok := c.(State); ok {
			colors[i] = colorOf(string(s))
		}
	}
	t.rows, t.states = append(t.rows, row), append(t.states, colors)
}

// Len returns the number of rows.
func (t *Table) Len() int { return len(t.rows) }

// printable returns s with the characters escaped that would act on a terminal, or on the
// text around them. Cells hold texts of customers and of external systems.
func printable(s string) string {
	unsafe := func(r rune) bool { return r != '\n' && text.Control(r) }
	if utf8.ValidString(s) && !strings.ContainsFunc(s, unsafe) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if unsafe(r) || r == utf8.RuneError {
			b.WriteString(strings.Trim(strconv.QuoteRuneToASCII(r), "'"))
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// text returns the table as the screen shows it, without a line break at its end.
func (s Screen) text(t *Table) string {
	switch {
	case s.Width == 0:
		return t.values(s.Color)
	case t.stacked:
		return t.blocks(s.Width, s.Color)
	}
	return t.drawn(s.Width, s.Color)
}

// values returns the table as tab-separated values. No cell has a tab, and a line break of
// one becomes a space.
func (t *Table) values(colored bool) string {
	var lines []string
	if !t.pairs {
		names := make([]string, len(t.columns))
		for i, c := range t.columns {
			names[i] = c.name
		}
		lines = append(lines, strings.Join(names, "\t"))
	}
	for r, row := range t.rows {
		cells := make([]string, len(row))
		for i, c := range row {
			cells[i] = t.painted(r, i, strings.ReplaceAll(c, "\n", " "), colored)
		}
		lines = append(lines, strings.Join(cells, "\t"))
	}
	return strings.Join(lines, "\n")
}
