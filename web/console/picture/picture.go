// Package picture draws the saga of an order: its steps in the order in which they can be
// taken, what they hold, and their undo in a lane of its own. Both styles of orders look the
// same, because the picture is made of the steps that any order has.
package picture

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/amends/amends/web/look"
)

// Saga is the progress of an order's saga.
type Saga struct {
	Steps []Step
	Now   time.Time // for steps that run
}

// Step is the progress of one step, as the contract has it.
type Step struct {
	Name, State    string
	Attempts       int
	Started, Ended time.Time // zero: not yet, or not known
	Error          string    // the code of the last failure
	Holds          string    // the effect that stands right now
	Flagged        bool      // it needs a person
}

// Picture is a saga, laid out. All lengths are in pixels, from the upper left corner.
type Picture struct {
	Width, Height int
	Lanes         []Lane
	Arrows        []Arrow
	Boxes         []Box
	Pivot         Pivot
	Desc          string // the whole picture in words
}

// Lane is the label of a lane.
type Lane struct {
	X, Y int
	Text string
}

// Arrow leads from one box to the next.
type Arrow struct {
	Path  string // of SVG
	Taken bool   // the saga went there
	Undo  bool
}

// Pivot is the line from which on the saga only goes forward.
type Pivot struct{ X, Y1, Y2 int }

// Box is one step, or the undo of one.
type Box struct {
	X, Y, W, H int
	Name       string
	Kind       look.Kind
	Word       string   // the state
	Notes      []string // at most three lines
	Undo       bool
	Title      string // all of it in words
}

// Measures of the picture.
const (
	boxWidth, boxHeight = 156, 98
	undoHeight          = 84
	gap, rowGap         = 16, 12
	margin, laneHead    = 8, 22
	lines               = 3 // of notes
)

// stage is a set of steps that are taken at the same time.
type stage []string

// stages are those of an order, and pivot the step from which on it only goes forward. The
// two steps at the end of the undo stand in the lane of undo.
var stages = []stage{
	{"order.create"},
	{"catalog.quote"},
	{"inventory.reserve", "payment.authorize"},
	{"shipping.book"},
	{"payment.capture"},
	{"inventory.commit"},
	{"order.confirm"},
}

const (
	pivot  = "payment.capture"
	decide = "order.decide"
	cancel = "order.cancel"
)

// Draw lays a saga out. The same saga is the same picture.
func Draw(s Saga) Picture {
	l := layout{saga: s, undoing: undoing(s)}
	l.columns = columns(s)
	l.place()
	l.connect()
	l.p.Desc = describe(l.p.Boxes)
	return l.p
}

// undoing reports whether the saga is, or was, being undone.
func undoing(s Saga) bool {
	return slices.ContainsFunc(s.Steps, func(v Step) bool {
		return v.Name == decide || v.Name == cancel || slices.Contains([]string{"undoing", "undone", "waived"}, v.State)
	})
}

// columns returns the stages, and one more for each step that they do not have.
func columns(s Saga) []stage {
	all := slices.Clone(stages)
	for _, v := range s.Steps {
		known := v.Name == decide || v.Name == cancel || slices.ContainsFunc(all, func(c stage) bool { return slices.Contains(c, v.Name) })
		if !known {
			all = append(all, stage{v.Name})
		}
	}
	return all
}

func find(s Saga, name string) (Step, bool) {
	i := slices.IndexFunc(s.Steps, func(v Step) bool { return v.Name == name })
	if i < 0 {
		return Step{Name: name}, false
	}
	return s.Steps[i], true
}

// describe tells the picture in words.
func describe(boxes []Box) string {
	var all []string
	for _, b := range boxes {
		all = append(all, b.Title)
	}
	return strings.Join(all, "; ")
}

// Took tells a duration in words that fit a box.
func Took(d time.Duration) string {
	switch {
	case d < 0:
		return "0 ms"
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < time.Minute:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < 10*time.Minute:
		return fmt.Sprintf("%d min %d s", int(d.Minutes()), int(d.Seconds())%60)
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	default:
		return fmt.Sprintf("%d h %d min", int(d.Hours()), int(d.Minutes())%60)
	}
}

// attempts tells a number of attempts, "" for one.
func attempts(n int) string {
	if n > 1 {
		return fmt.Sprintf("%d attempts", n)
	}
	return ""
}

// joined joins the parts that are not empty.
func joined(parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(p string) bool { return p == "" }), " · ")
}

// Mark returns the kind of a step's state, and its word.
func Mark(s Step) (look.Kind, string) {
	if s.Flagged {
		return look.Warn, "needs a person"
	}
	switch s.State {
	case "waiting", "":
		return look.Idle, "waiting"
	case "running":
		return look.Busy, "running"
	case "done":
		return look.Good, "done"
	case "refused":
		return look.Bad, "refused"
	case "undoing":
		return look.Back, "being undone"
	case "undone":
		return look.Back, "undone"
	case "flagged":
		return look.Warn, "needs a person"
	default:
		return look.Warn, s.State
	}
}
