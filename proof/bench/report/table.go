package report

import (
	"fmt"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// Table is rows under a header, for a terminal and for a page.
type Table struct{ w table.Writer }

// NewTable returns a table with that header; all columns but the first are
// numbers.
func NewTable(header ...string) *Table {
	w := table.NewWriter()
	w.SetStyle(table.StyleLight)
	w.Style().Format.Header = text.FormatDefault
	var columns []table.ColumnConfig
	for i := 2; i <= len(header); i++ {
		columns = append(columns, table.ColumnConfig{Number: i, Align: text.AlignRight, AlignHeader: text.AlignRight})
	}
	w.SetColumnConfigs(columns)
	w.AppendHeader(row(header))
	return &Table{w}
}

// Row appends a row.
func (t *Table) Row(cells ...string) { t.w.AppendRow(row(cells)) }

func row(cells []string) table.Row {
	r := make(table.Row, len(cells))
	for i, c := range cells {
		r[i] = c
	}
	return r
}

// String is the table as a terminal shows it.
func (t *Table) String() string { return t.w.Render() + "\n" }

// Markdown is the table as a page has it.
func (t *Table) Markdown() string { return t.w.RenderMarkdown() + "\n" }

// Contender is a participant of a run, with its measurements.
type Contender struct {
	Name   string
	Rounds Series
}

// Comparison is the table of contenders: each metric's median and, in brackets,
// its least and greatest round; and at the end the last contender over the one
// before it.
func Comparison(all []Contender) *Table {
	last, before := all[len(all)-1], all[len(all)-2]
	header := []string{"per order"}
	for _, c := range all {
		header = append(header, c.Name)
	}
	t := NewTable(append(header, last.Name+" / "+before.Name)...)
	for _, m := range Metrics {
		cells := []string{string(m)}
		measured := false
		for _, c := range all {
			stat, ok := c.Rounds.Of(m)
			cell := "–"
			if ok {
				cell, measured = stat.String(), true
			}
			cells = append(cells, cell)
		}
		if !measured {
			continue
		}
		ratio := "–"
		if r, ok := Ratio(last.Rounds, before.Rounds, m); ok {
			ratio = number(r)
		}
		t.Row(append(cells, ratio)...)
	}
	return t
}

// Variants is the table of contenders that do the same: each metric's median and, in
// brackets, its ratio to the first one's.
func Variants(all []Contender) *Table {
	header := []string{"per order"}
	for _, c := range all {
		header = append(header, c.Name)
	}
	t := NewTable(header...)
	for _, m := range Metrics {
		cells, measured := []string{string(m)}, false
		var base Series // the first one has no ratio
		for _, c := range all {
			cell := Beside(c.Rounds, base, m)
			cells, measured = append(cells, cell), measured || cell != "–"
			base = all[0].Rounds
		}
		if measured {
			t.Row(cells...)
		}
	}
	return t
}

// Beside is a metric's median and, in brackets, its ratio to another series' one;
// "–" if it was not measured.
func Beside(of, over Series, m Metric) string {
	stat, ok := of.Of(m)
	if !ok {
		return "–"
	}
	ratio, ok := Ratio(of, over, m)
	if !ok {
		return number(stat.Median)
	}
	return fmt.Sprintf("%s (%s)", number(stat.Median), number(ratio))
}

// Change is a metric's median in two series, and in brackets the ratio of the second to
// the first; "–" if it was not measured.
func Change(from, to Series, m Metric) string {
	stat, ok := from.Of(m)
	if !ok {
		return "–"
	}
	return number(stat.Median) + ", " + Beside(to, from, m)
}

// Verdicts is the table of aims.
func Verdicts(aims []Aim) *Table {
	t := NewTable("aim", "limit", "is", "")
	for _, a := range aims {
		t.Row(a.What, a.Limit, a.Is, a.Verdict())
	}
	return t
}

// Judged is a contender's aims.
type Judged struct {
	Name string
	Aims []Aim
}

// VerdictsBeside is the table of the same aims of several contenders.
func VerdictsBeside(all []Judged) *Table {
	header := []string{"aim", "limit"}
	for _, j := range all {
		header = append(header, j.Name)
	}
	t := NewTable(header...)
	for i, a := range all[0].Aims {
		cells := []string{a.What, a.Limit}
		for _, j := range all {
			cells = append(cells, j.Aims[i].Is+", "+j.Aims[i].Verdict())
		}
		t.Row(cells...)
	}
	return t
}

// Facts is a list of a run's conditions, for a page.
func Facts(facts [][2]string) string {
	var b strings.Builder
	for _, f := range facts {
		b.WriteString("- " + f[0] + ": " + f[1] + "\n")
	}
	return b.String()
}
