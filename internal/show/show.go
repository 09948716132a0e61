// Package show formats the output of commands: tables for people, JSON for programs. It
// holds the parts that all of them share; each kind of output has a package below this
// one. Their functions take a writer and a value, and do no other I/O.
package show

import (
	"encoding/json"
	"io"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// maxProse is the width in characters at which a column of prose wraps.
const maxProse = 60

// JSON writes v as indented JSON with a line break at its end.
func JSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// Table returns an empty table; the named columns hold prose and wrap.
func Table(prose ...string) table.Writer {
	t := table.NewWriter()
	var columns []table.ColumnConfig
	for _, name := range prose {
		columns = append(columns, table.ColumnConfig{Name: name, WidthMax: maxProse, WidthMaxEnforcer: text.WrapSoft})
	}
	t.SetColumnConfigs(columns)
	style := table.StyleLight
	style.Options = table.Options{SeparateColumns: true, SeparateHeader: true}
	t.SetStyle(style)
	return t
}

// Numbers returns an empty table whose given columns, counted from 1, are
// aligned to the right.
func Numbers(columns ...int) table.Writer {
	t := Table()
	configs := make([]table.ColumnConfig, len(columns))
	for i, n := range columns {
		configs[i] = table.ColumnConfig{Number: n, Align: text.AlignRight, AlignHeader: text.AlignRight}
	}
	t.SetColumnConfigs(configs)
	return t
}

// Blocks joins the tables that have rows, with an empty line between two.
func Blocks(tables ...table.Writer) string {
	var out []string
	for _, t := range tables {
		if t.Length() > 0 {
			out = append(out, t.Render()+"\n")
		}
	}
	return strings.Join(out, "\n")
}

// Stamp formats a time like the log does, so that both can be compared.
func Stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05.000Z") }
