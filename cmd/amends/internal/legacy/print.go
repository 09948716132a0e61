package legacy

import (
	"fmt"
	"io"
	"strings"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/internal/show"
)

// maxPrinted is how many changes of routes are printed.
const maxPrinted = 10

// printRoutes prints routes and their last changes.
func printRoutes(w io.Writer, all contract.Routes) error {
	t := show.Table()
	t.AppendHeader([]any{"ROUTE", "MODE", "UPSTREAM", "MATCH"})
	for _, r := range all.Routes {
		t.AppendRow([]any{r.Name, mode(r.Route), r.Route.Upstream, strings.Join(r.Route.Match, ", ")})
	}
	text := t.Render() + "\n"
	for _, u := range all.Upstreams {
		for _, a := range u.Addresses {
			state := "answers"
			if a.Open {
				state = "is left out, because it fails"
			}
			text += fmt.Sprintf("\n%s at %s %s", u.Name, a.Url, state)
		}
	}
	text += "\n"
	for i, c := range all.Changes {
		if i == maxPrinted {
			break
		}
		text += "\n" + entry(c)
	}
	if all.Problem != nil {
		text += "\nthe file of routes is not used as it is: " + *all.Problem + "\n"
	}
	_, err := io.WriteString(w, text+"\n")
	return err //nolint:wrapcheck // of the terminal
}

// mode returns the mode of a route, that of a canary with its share.
func mode(r contract.Route) string {
	if r.Mode == nil {
		return string(contract.RouteLegacy)
	}
	if *r.Mode == contract.RouteCanary && r.Percent != nil {
		return fmt.Sprintf("%s %g %%", *r.Mode, *r.Percent)
	}
	return string(*r.Mode)
}

// entry returns a change of a route in one line.
func entry(c contract.RouteChange) string {
	var parts []string
	for _, f := range c.Changes {
		parts = append(parts, fmt.Sprintf("%s %s → %s", f.Field, orNone(f.Before), orNone(f.After)))
	}
	forced := ""
	if c.Forced {
		forced = ", forced"
	}
	return fmt.Sprintf("%s %s by %s%s: %s (%s)", show.Stamp(c.At), c.Route, c.By, forced, strings.Join(parts, ", "), c.Reason)
}

func orNone(text string) string {
	if text == "" {
		return "none"
	}
	return text
}

// printScores prints how the sides compare.
func printScores(w io.Writer, all []contract.ScoredRoute) error {
	t := show.Table()
	t.AppendHeader([]any{"ROUTE", "MODE", "MATCH", "DIFFER", "ERROR", "DROPPED", "LEGACY", "FAILED", "P99 MS", "SERVICE", "FAILED", "P99 MS", "COPIES P99"})
	for _, r := range all {
		s := r.Score
		t.AppendRow([]any{
			r.Name, mode(r.Route), s.Match, s.Differ, s.Error, s.Dropped + s.Skipped,
			s.Legacy.Requests, s.Legacy.Errors, s.Legacy.P99Ms, s.Service.Requests, s.Service.Errors, s.Service.P99Ms, s.Copies.P99Ms,
		})
	}
	_, err := io.WriteString(w, t.Render()+"\n")
	return err //nolint:wrapcheck // of the terminal
}

// printDetails prints the score of a route and the last answers that differ.
func printDetails(w io.Writer, one contract.RouteDetails) error {
	if err := printScores(w, []contract.ScoredRoute{{Name: one.Name, Route: one.Route, Score: one.Score}}); err != nil {
		return err
	}
	for _, p := range one.Differences {
		lines := []string{fmt.Sprintf("\n%s %s %s", show.Stamp(p.At), p.Method, p.Path)}
		for _, d := range p.Differences {
			lines = append(lines, fmt.Sprintf("  %s: legacy %s, service %s", orBody(d.Pointer), orNone(d.Legacy), orNone(d.Service)))
		}
		if _, err := fmt.Fprintln(w, strings.Join(lines, "\n")); err != nil {
			return err //nolint:wrapcheck // of the terminal
		}
	}
	return nil
}

func orBody(pointer string) string {
	if pointer == "" {
		return "the body"
	}
	return pointer
}

// printChanged prints the changes of a route.
func printChanged(w io.Writer, name string, text []byte) error {
	var made contract.RouteChanged
	if err := read(text, &made); err != nil {
		return err
	}
	if len(made.Changes) == 0 {
		_, err := fmt.Fprintf(w, "%s: nothing to change\n", name)
		return err //nolint:wrapcheck // of the terminal
	}
	for _, f := range made.Changes {
		if _, err := fmt.Fprintf(w, "%s: %s %s → %s\n", name, f.Field, orNone(f.Before), orNone(f.After)); err != nil {
			return err //nolint:wrapcheck // of the terminal
		}
	}
	return nil
}
