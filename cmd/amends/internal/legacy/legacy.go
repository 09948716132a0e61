// Package legacy has the commands `amends legacy`, which move routes from a program behind
// the API to the services.
package legacy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/spf13/cobra"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/cmd/amends/internal/admin"
	"github.com/amends/amends/cmd/amends/internal/cli"
	"github.com/amends/amends/internal/show"
)

// Command returns `amends legacy`.
func Command(std cli.Stdio) *cobra.Command {
	cmd := cli.Group("legacy", "Move routes from a program behind the API to the services")
	route := cli.Group("route", "Change a route")
	route.AddCommand(set(std))
	cmd.AddCommand(list(std), route, score(std))
	return cmd
}

// list returns `amends legacy routes`.
func list(std cli.Stdio) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "routes",
		Short: "List the routes of an API, and their last changes",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			all, text, err := routes(std, cmd)
			if err != nil || asJSON {
				return printed(std, text, err)
			}
			return printRoutes(std.Screen(cmd), all)
		},
	}
	return withFlags(cmd, &asJSON)
}

// score returns `amends legacy score`.
func score(std cli.Stdio) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "score [ROUTE]",
		Short: "Show how the answers of both sides compare; of one route, with the last that differ",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				all, text, err := routes(std, cmd)
				if err != nil || asJSON {
					return printed(std, text, err)
				}
				return printScores(std.Screen(cmd), all.Routes)
			}
			var one contract.RouteDetails
			text, err := get(std, cmd, at(args[0]), &one)
			if err != nil || asJSON {
				return printed(std, text, err)
			}
			return printDetails(std.Screen(cmd), one)
		},
	}
	return withFlags(cmd, &asJSON)
}

// change is a change of a route. Empty fields stay as they are.
type change struct {
	mode, timeout, reason string
	percent               float64
	force                 bool
}

// set returns `amends legacy route set`.
func set(std cli.Stdio) *cobra.Command {
	var ch change
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "set ROUTE --reason WORDS [--mode legacy|shadow|canary|service] [--percent N] [--timeout D] [--force]",
		Short: "Change the mode, the percentage or the timeout of a route",
		Long: "Change a route at the API, and at all that share its file of routes. What is not named stays.\n" +
			"More requests for the services need the gate of the route: enough answers that were compared, and few\n" +
			"that differ; see `amends legacy score`. --force passes it. Operator and reason are kept.",
		Args: cli.Exactly("legacy route set needs the name of a route", 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := admin.New(std, cmd, "legacy route set")
			if err != nil {
				return err //nolint:wrapcheck // it names the key
			}
			var now contract.RouteDetails
			if err := ask(cmd.Context(), c, at(args[0]), &now); err != nil {
				return err
			}
			ch.on(cmd, &now.Route)
			_, text, err := c.Do(cmd.Context(), http.MethodPut, at(args[0]), contract.SetRoute{Route: now.Route, Reason: ch.reason, Force: &ch.force})
			if err != nil || asJSON {
				return printed(std, text, err)
			}
			return printChanged(std.Out, args[0], text)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&ch.mode, "mode", "", "legacy: the program answers; shadow: it does, and answers are compared; canary: the services answer some accounts; service: they answer")
	flags.Float64Var(&ch.percent, "percent", 0, "the share of accounts of a canary")
	flags.StringVar(&ch.timeout, "timeout", "", "how long either side may take to begin its answer, such as 3s")
	flags.StringVar(&ch.reason, "reason", "", "why, for the record; no personal data")
	flags.BoolVar(&ch.force, "force", false, "pass the gate of the route")
	cli.Require(cmd, "reason")
	return withFlags(cmd, &asJSON)
}

// on makes the change of a route.
func (ch change) on(cmd *cobra.Command, r *contract.Route) {
	if ch.mode != "" {
		r.Mode = new(contract.RouteMode(ch.mode))
	}
	if cmd.Flags().Changed("percent") {
		r.Percent = &ch.percent
	}
	if ch.timeout != "" {
		r.Timeout = &ch.timeout
	}
}

func withFlags(cmd *cobra.Command, asJSON *bool) *cobra.Command {
	cmd.Flags().BoolVar(asJSON, "json", false, "print JSON")
	admin.AddFlags(cmd)
	return cmd
}

func at(route string) string { return "/v1/routes/" + url.PathEscape(route) }

func routes(std cli.Stdio, cmd *cobra.Command) (all contract.Routes, text []byte, err error) {
	text, err = get(std, cmd, "/v1/routes", &all)
	return all, text, err
}

// get reads an answer into target, and returns it as it came.
func get(std cli.Stdio, cmd *cobra.Command, path string, target any) ([]byte, error) {
	c, err := admin.New(std, cmd, "legacy")
	if err != nil {
		return nil, err //nolint:wrapcheck // it names the key
	}
	_, text, err := c.Do(cmd.Context(), http.MethodGet, path, nil)
	if err != nil {
		return nil, err //nolint:wrapcheck // it names the operation
	}
	return text, read(text, target)
}

func ask(ctx context.Context, c admin.Client, path string, target any) error {
	_, text, err := c.Do(ctx, http.MethodGet, path, nil)
	if err != nil {
		return err //nolint:wrapcheck // it names the operation
	}
	return read(text, target)
}

var errOther = errors.New("legacy: the answer is none about routes; is this the admin address of an API of this version?")

func read(text []byte, target any) error {
	if err := json.Unmarshal(text, target); err != nil {
		return errors.Join(errOther, err)
	}
	return nil
}

// printed prints JSON, unless there was an error.
func printed(std cli.Stdio, text []byte, err error) error {
	if err != nil {
		return err
	}
	if err := show.JSON(std.Out, json.RawMessage(text)); err != nil {
		return fmt.Errorf("print JSON: %w", err)
	}
	return nil
}
