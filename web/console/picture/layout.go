package picture

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/amends/amends/web/look"
)

// layout places the boxes of one saga.
type layout struct {
	saga    Saga
	columns []stage
	undoing bool
	p       Picture
	lane    int // the upper edge of the undo lane
}

// place adds all boxes, lane labels and the pivot line.
func (l *layout) place() {
	rows := 1
	for _, c := range l.columns {
		rows = max(rows, len(c))
	}
	top := margin + laneHead
	l.lane = top + rows*(boxHeight+rowGap) + laneHead
	l.p.Lanes = append(l.p.Lanes, Lane{margin, margin + 12, "Forward"})
	for i, c := range l.columns {
		// A single box stands in the middle of its column.
		shift := (rows - len(c)) * (boxHeight + rowGap) / 2
		for row, name := range c {
			l.forward(i, top+shift+row*(boxHeight+rowGap), name)
		}
		if slices.Contains(c, pivot) {
			l.p.Pivot = Pivot{X: x(i) - gap/2, Y1: margin + 16, Y2: l.lane - laneHead}
		}
	}
	l.p.Width, l.p.Height = x(len(l.columns))-gap+margin, l.lane-laneHead
	if !l.undoing {
		return
	}
	l.p.Lanes = append(l.p.Lanes, Lane{margin, l.lane - 8, "Undo"})
	for i, c := range l.columns {
		row := 0
		for _, name := range c {
			if s, ok := find(l.saga, l.undoName(name)); ok && undone(s) {
				l.undo(x(i), l.lane+row*(undoHeight+rowGap), s)
				row++
			}
		}
		l.p.Height = max(l.p.Height, l.lane+row*(undoHeight+rowGap))
	}
	l.p.Height += margin - rowGap
}

// undoName returns the step whose undo stands below a step: its own, or one of the two that
// end an undone order.
func (l *layout) undoName(name string) string {
	switch name {
	case pivot:
		if s, _ := find(l.saga, pivot); !undone(s) {
			return decide
		}
	case stages[0][0]:
		return cancel
	}
	return name
}

func x(column int) int { return margin + column*(boxWidth+gap) }

// undone reports whether a step stands in the lane of undo.
func undone(s Step) bool {
	return s.Name == decide || s.Name == cancel || slices.Contains([]string{"undoing", "undone", "waived"}, s.State)
}

// forward adds the box of a step.
func (l *layout) forward(column, y int, name string) {
	s, known := find(l.saga, name)
	b := Box{X: x(column), Y: y, W: boxWidth, H: boxHeight, Name: name}
	switch {
	case undone(s) && !s.Started.IsZero():
		b.Kind, b.Word = look.Idle, "was taken"
	case undone(s) || l.undoing && !known:
		b.Kind, b.Word = look.Idle, "not taken"
	default:
		b.Kind, b.Word = Mark(s)
		b.Notes = []string{joined(attempts(s.Attempts), l.took(s)), l.waited(column, s), inWords(s.Error), held(s.Holds)}
	}
	l.add(b)
}

// undo adds the box of a step's undo.
func (l *layout) undo(x, y int, s Step) {
	b := Box{X: x, Y: y, W: boxWidth, H: undoHeight, Name: s.Name, Undo: true}
	b.Kind, b.Word = Mark(s)
	b.Notes = []string{inWords(s.Error), held(s.Holds)}
	l.add(b)
}

// inWords returns a code as words, which are narrower.
func inWords(code string) string { return strings.ToLower(strings.ReplaceAll(code, "_", " ")) }

// held returns what a step holds, in words that fit a box.
func held(holds string) string {
	return strings.NewReplacer("money held: ", "holds ", "stock held: ", "holds ", "money taken: ", "took ").Replace(holds)
}

// waited tells how long a step has waited for its turn behind the steps before it, if that is
// worth a word.
func (l *layout) waited(column int, s Step) string {
	if column == 0 || s.Started.IsZero() {
		return ""
	}
	before := time.Time{}
	for _, name := range l.columns[column-1] {
		if p, _ := find(l.saga, name); p.Ended.After(before) {
			before = p.Ended
		}
	}
	if d := s.Started.Sub(before); !before.IsZero() && d >= time.Second {
		return "waited " + Took(d)
	}
	return ""
}

func (l *layout) add(b Box) {
	b.Notes = slices.DeleteFunc(b.Notes, func(n string) bool { return n == "" })
	what := b.Name
	if b.Undo && b.Name != decide && b.Name != cancel {
		what = "undo of " + b.Name
	}
	b.Title = what + ": " + joined(append([]string{b.Word}, b.Notes...)...)
	b.Notes = b.Notes[max(0, len(b.Notes)-lines):] // the last ones say why
	l.p.Boxes = append(l.p.Boxes, b)
}

// took tells how long a step took, or runs already, and how long it waits.
func (l *layout) took(s Step) string {
	switch {
	case s.Started.IsZero():
		return ""
	case s.Ended.IsZero():
		return Took(l.saga.Now.Sub(s.Started).Truncate(time.Second))
	case s.Ended.Equal(s.Started): // told by its fact alone
		return ""
	default:
		return Took(s.Ended.Sub(s.Started))
	}
}

// connect adds the arrows between neighbours.
func (l *layout) connect() {
	for i := range len(l.columns) - 1 {
		for _, from := range l.at(i, false) {
			for _, to := range l.at(i+1, false) {
				l.p.Arrows = append(l.p.Arrows, Arrow{Path: elbow(from.X+from.W, middle(from), to.X-3, middle(to)), Taken: went(to)})
			}
		}
	}
	last := []Box(nil)
	for i := range slices.Backward(l.columns) {
		here := l.at(i, true)
		for _, from := range last {
			for _, to := range here {
				l.p.Arrows = append(l.p.Arrows, Arrow{Path: elbow(from.X, middle(from), to.X+to.W+3, middle(to)), Taken: went(to), Undo: true})
			}
		}
		if len(here) > 0 {
			last = here
		}
	}
}

// at returns the boxes of a column.
func (l *layout) at(column int, undo bool) []Box {
	return slices.DeleteFunc(slices.Clone(l.p.Boxes), func(b Box) bool { return b.X != x(column) || b.Undo != undo })
}

func went(b Box) bool { return b.Kind != look.Idle || b.Word == "was taken" }

func middle(b Box) int { return b.Y + b.H/2 }

// elbow returns a path with two right angles half-way.
func elbow(x1, y1, x2, y2 int) string {
	if y1 == y2 {
		return fmt.Sprintf("M%d %dH%d", x1, y1, x2)
	}
	return fmt.Sprintf("M%d %dH%dV%dH%d", x1, y1, (x1+x2)/2, y2, x2)
}
