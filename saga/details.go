package saga

import (
	"strconv"
	"strings"
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/amends/amends/fault"
)

// changed publishes the progress where the Web UI shows it. It costs no events.
func (r *run) changed() { workflow.SetCurrentDetails(r.outer, r.view().markdown()) }

// doubt says in words what nobody knows yet.
func doubt(a Attention) string {
	if a.Kind == fault.Unknown {
		return ": nobody knows yet whether it took effect"
	}
	return ""
}

// who gave up on a step, and why.
func who(w Waiver) string {
	code := func(s string) string { return "`" + strings.ReplaceAll(s, "`", "'") + "`" } // a person's words are no markup
	said := code(w.Operator) + " because of " + code(w.Reason)
	if w.Reference != "" {
		said += ", see " + code(w.Reference)
	}
	return said
}

// markdown is the view as the Web UI renders it.
func (v View) markdown() string {
	head := "**" + string(v.Phase) + "**"
	if v.Reason != "" {
		head += " because of `" + string(v.Reason) + "`"
	}
	rows := []string{head}
	for _, a := range v.Attention {
		rows = append(rows, "", "**Needs attention**: "+a.Step+", `"+string(a.Code)+"` since "+a.Since.UTC().Format(time.RFC3339)+doubt(a))
	}
	for _, w := range v.Waivers {
		rows = append(rows, "", "**Waived**: "+w.Step+", `"+string(w.Code)+"`, by "+who(w)+" at "+w.At.UTC().Format(time.RFC3339))
	}
	rows = append(rows, "", "| step | state | attempts | last error | owes |", "|---|---|---|---|---|")
	for _, s := range v.Steps {
		cells := []string{s.Name, string(s.State), strconv.Itoa(s.Attempts), string(s.Error), s.Exposure}
		rows = append(rows, "| "+strings.Join(cells, " | ")+" |")
	}
	return strings.Join(rows, "\n") + "\n"
}
