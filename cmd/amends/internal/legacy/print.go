package legacy

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/internal/show"
)

// maxPrinted is how many changes of routes are printed.
const maxPrinted = 10

// printRoutes prints routes and their last changes.
func printRoutes(s show.Screen, all contract.Routes) error {
	t := show.NewTable(show.Text("Route"), show.Text("Mode"), show.Text("Upstream").Dispensable(1), show.Prose("Match"))
	for _, r := range all.Routes {
		t.Row(r.Name, mode(r.Route), r.Route.Upstream, strings.Join(r.Route.Match, ", "))
	}
	upstreams := show.NewTable(show.Text("Upstream"), show.Text("Address"), show.Text("State"))
	for _, u := range all.Upstreams {
		for _, a := range u.Addresses {
			state := "answers"
			if a.Open {
				state = "is left out, because it fails"
			}
			upstreams.Row(u.Name, a.Url, state)
		}
	}
	problems := []error{s.Tables(t, upstreams)}
	if len(all.Routes) == 0 {
		problems = append(problems, s.Note("there are no routes: the services answer every request; legacy.file names a file of routes"))
	}
	for i, c := range all.Changes {
		if i == maxPrinted {
			break
		}
		problems = append(problems, s.Note("%s", entry(c)))
	}
	if all.Problem != nil {
		problems = append(problems, s.Note("the file of routes is not used as it is: %s", *all.Problem))
	}
	return errors.Join(problems...)
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
func printScores(s show.Screen, all []contract.ScoredRoute) error {
	compared := show.NewTable(
		show.Text("Route"), show.Text("Mode"), show.Number("Match"), show.Number("Differ"), show.Number("Error"), show.Number("Dropped").Dispensable(1),
	)
	sides := show.NewTable(
		show.Text("Route"), show.Text("Side"), show.Number("Requests"), show.Number("Failed"), show.Number("p50, ms").Dispensable(1), show.Number("p99, ms"),
	)
	for _, r := range all {
		c := r.Score
		compared.Row(r.Name, mode(r.Route), c.Match, c.Differ, c.Error, c.Dropped+c.Skipped)
		sides.Row(r.Name, "legacy", c.Legacy.Requests, c.Legacy.Errors, c.Legacy.P50Ms, c.Legacy.P99Ms)
		sides.Row(r.Name, "service", c.Service.Requests, c.Service.Errors, c.Service.P50Ms, c.Service.P99Ms)
		sides.Row(r.Name, "copies", c.Copies.Requests, c.Copies.Errors, c.Copies.P50Ms, c.Copies.P99Ms)
	}
	return s.Tables(compared, sides) //nolint:wrapcheck // of the terminal
}

// printDetails prints the score of a route and the last answers that differ.
func printDetails(s show.Screen, one contract.RouteDetails) error {
	problems := []error{printScores(s, []contract.ScoredRoute{{Name: one.Name, Route: one.Route, Score: one.Score}})}
	t := show.NewTable(
		show.Moment("At").Dispensable(1), show.Prose("Request"), show.Text("Where"), show.Prose("Legacy"), show.Prose("Service"),
	)
	for _, p := range one.Differences {
		for _, d := range p.Differences {
			t.Row(show.Stamp(p.At), p.Method+" "+p.Path, orBody(d.Pointer), orNone(d.Legacy), orNone(d.Service))
		}
	}
	return errors.Join(append(problems, s.Tables(t))...)
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
