package main

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"math"
	"os"
	"path/filepath"
	"slices"
)

// dashboard has the parts of Grafana's format that a picture shows. Package deploy parses the
// files strictly.
type dashboard struct {
	Title  string
	Panels []*panel
}

// panel shows lines over time, or of the type stat the last value of one.
type panel struct {
	Type, Title, Description string
	GridPos                  struct{ X, Y, W, H int }
	FieldConfig              struct {
		Defaults struct {
			Unit string
			Min  *float64
		}
	}
	Targets []struct{ Expr, LegendFormat string }

	lines []line
}

//go:embed board.svg
var board string

var picture = template.Must(template.New("board").Parse(board))

// Sizes in pixels: of a column and a row of Grafana's grid, and above the panels.
const column, row, top = 50, 30, 44

// Of a legend: entries, two side by side, and the last letters of a name.
const entries, longest = 8, 38

var colors = []string{"#1f77b4", "#d62728", "#2ca02c", "#ff7f0e", "#9467bd", "#8c564b", "#17becf", "#e377c2", "#7f7f7f", "#bcbd22"}

// drawn is a panel of a picture; Left to Lower are the edges of its lines.
type drawn struct {
	Panel                     *panel
	X, Y, Width, Height       int
	Number                    string // of a stat
	Red                       bool   // the number is not 0, which is a trouble
	Left, Right, Upper, Lower int
	From, To                  string
	Ticks, Curves, Legend     []mark
	More                      int // lines that the legend does not have
}

// mark is a text at a place, or the path of a line.
type mark struct {
	X, Y        int
	Text, Color string
}

// draw writes the picture of a dashboard.
func (d *dashboard) draw(file string, o options) error {
	height, panels := 0, []drawn{}
	for _, p := range d.Panels {
		g := p.GridPos
		v := drawn{Panel: p, X: g.X*column + 4, Y: top + g.Y*row, Width: g.W*column - 8, Height: g.H*row - 8}
		if len(p.lines) > 0 && p.Type == "stat" {
			last := p.lines[0].numbers[len(p.lines[0].numbers)-1]
			v.Number, v.Red = p.quantity(last), last > 0
		} else if len(p.lines) > 0 {
			v.plot(p, o)
		}
		height, panels = max(height, v.Y+v.Height+8), append(panels, v)
	}
	var svg bytes.Buffer
	if err := picture.Execute(&svg, map[string]any{"Title": d.Title, "Height": height, "Panels": panels, "Day": o.to.UTC().Format("2006-01-02, UTC")}); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
		return fmt.Errorf("the folder of the pictures: %w", err)
	}
	if err := os.WriteFile(file, svg.Bytes(), 0o600); err != nil {
		return fmt.Errorf("a picture: %w", err)
	}
	return nil
}

// plot places the lines, their scale and their legend. A line is interrupted where it has no
// number.
func (v *drawn) plot(p *panel, o options) {
	began, shown := o.to.Add(-o.past), min(len(p.lines), entries)
	v.From, v.To, v.More = began.UTC().Format("15:04"), o.to.UTC().Format("15:04"), len(p.lines)-shown
	v.Left, v.Right, v.Upper, v.Lower = 64, v.Width-12, 44, v.Height-24-(shown+1)/2*14
	low, high := p.scale()
	y := func(value float64) int { return v.Lower - int((value-low)/(high-low)*float64(v.Lower-v.Upper)) }
	for _, value := range []float64{low, (low + high) / 2, high} {
		v.Ticks = append(v.Ticks, mark{X: v.Left - 6, Y: y(value), Text: p.quantity(value)})
	}
	for i, l := range p.lines {
		c := mark{X: v.Left + i%2*(v.Right-v.Left)/2, Y: v.Lower + 28 + i/2*14, Color: colors[i%len(colors)]}
		entry := c
		for n, at := range l.at {
			command := "L"
			if n == 0 || at-l.at[n-1] > 1.5*o.step().Seconds() {
				command = "M"
			}
			x := v.Left + int((at-float64(began.Unix()))/o.past.Seconds()*float64(v.Right-v.Left))
			c.Text += fmt.Sprintf("%s%d %d", command, x, y(l.numbers[n]))
		}
		v.Curves = append(v.Curves, c)
		if name := []rune(l.name); i < entries {
			entry.Text = string(name[max(0, len(name)-longest):]) + "  " + p.quantity(l.numbers[len(l.numbers)-1])
			v.Legend = append(v.Legend, entry)
		}
	}
}

// scale returns the ends of the panel's axis.
func (p *panel) scale() (low, high float64) {
	for _, l := range p.lines {
		low, high = min(low, slices.Min(l.numbers)), max(high, slices.Max(l.numbers))
	}
	if least := p.FieldConfig.Defaults.Min; least != nil {
		low = *least
	}
	return low, max(high, low+1e-3)
}

// units are those of the dashboards.
var units = map[string]struct {
	size float64
	name string
}{"bytes": {1 << 20, " MiB"}, "percentunit": {0.01, " %"}, "reqps": {1, "/s"}, "s": {1, " s"}, "short": {1, ""}}

// quantity returns a value with its unit.
func (p *panel) quantity(v float64) string {
	u := units[p.FieldConfig.Defaults.Unit]
	if v /= u.size; math.Abs(v) >= 1000 {
		return fmt.Sprintf("%.0f%s", v, u.name)
	}
	return fmt.Sprintf("%.3g%s", v, u.name)
}
