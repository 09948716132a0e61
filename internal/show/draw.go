package show

import (
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// drawn returns the table for a terminal of a width. Columns that are empty in every row are
// left out.
func (t *Table) drawn(width int, colored bool) string {
	shown, widths, omitted := t.fit(width)
	w := table.NewWriter()
	style := table.StyleLight
	style.Options = table.Options{SeparateColumns: true, SeparateHeader: true}
	w.SetStyle(style)
	var configs []table.ColumnConfig
	var names table.Row
	for i, column := range shown {
		configs = append(configs, t.columns[column].config(i+1, widths[i]))
		names = append(names, t.columns[column].name)
	}
	w.SetColumnConfigs(configs)
	if !t.pairs {
		w.AppendHeader(names)
	}
	for r, row := range t.rows {
		var cells table.Row
		for i, column := range shown {
			cells = append(cells, t.painted(r, column, t.columns[column].narrowed(row[column], widths[i]), colored))
		}
		w.AppendRow(cells)
	}
	lines := strings.Split(w.Render(), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(line, " ")
	}
	if len(omitted) > 0 {
		note := Wrapped("without "+strings.Join(omitted, ", ")+", for which the terminal is too narrow", width-1)
		for line := range strings.SplitSeq(note, "\n") {
			lines = append(lines, " "+line)
		}
	}
	return strings.Join(lines, "\n")
}

// blocks returns the table with a block of lines for each row.
func (t *Table) blocks(width int, colored bool) string {
	parts := make([]string, len(t.rows))
	for r, row := range t.rows {
		block := Pairs()
		for i, cell := range row {
			if cell != "" {
				block.rows = append(block.rows, []string{t.columns[i].name, cell})
				block.states = append(block.states, []string{"", t.states[r][i]})
			}
		}
		parts[r] = block.drawn(width, colored)
	}
	return strings.Join(parts, "\n\n")
}

// config returns the column's settings for the library that draws.
func (c Column) config(position, width int) table.ColumnConfig {
	config := table.ColumnConfig{Number: position, WidthMax: width, WidthMaxEnforcer: Wrapped}
	if c.kind == number {
		config.Align, config.AlignHeader = text.AlignRight, text.AlignRight
	}
	return config
}

// Wrapped returns a text whose lines are wrapped at spaces, so that they have at most a
// width of characters.
func Wrapped(s string, width int) string {
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		lines[i] = text.WrapSoft(line, width)
	}
	lines = strings.Split(strings.Join(lines, "\n"), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(line, " ")
	}
	return strings.Join(lines, "\n")
}

// narrowed returns a cell for the width of its column.
func (c Column) narrowed(cell string, width int) string {
	if c.kind != id {
		return cell
	}
	lines := strings.Split(cell, "\n")
	for i, line := range lines {
		lines[i] = text.Trim(line, width)
	}
	return strings.Join(lines, "\n")
}
