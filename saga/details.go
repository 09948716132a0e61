package saga

import (
	"strconv"
	"strings"
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/amends/amends/fault"
)

// changed publishes the progress for the engine's Web UI. It costs no events.
func (r *run) changed() { workflow.SetCurrentDetails(r.outer, r.view().markdown()) }

// doubt is the part of a flag's line that an unknown outcome adds.
func doubt(a Attention) string {
	if a.Kind == fault.Unknown {
		return ": it may have taken effect"
	}
	return ""
}

// who names the operator of a waiver, the reason and the reference.
func who(w Waiver) string {
	code := func(s string) string { return "`" + strings.ReplaceAll(s, "`", "'") + "`" } // an operator's words are no markup
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
