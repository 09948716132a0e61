// Package events has the commands `amends events`, about the facts that services tell.
package events

import (
	"fmt"
	"io"
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"

	"github.com/amends/amends/cmd/amends/internal/cli"
	"github.com/amends/amends/event"
	"github.com/amends/amends/internal/show"
	"github.com/amends/amends/worker/registry"
)

// Command returns `amends events`.
func Command(std cli.Stdio) *cobra.Command {
	cmd := cli.Group("events", "The facts that services tell through the broker")
	cmd.AddCommand(catalogue(std), graph(std), listeners(std), waitingList(std), deadList(std), showEvent(std), redrive(std), discard(std))
	return cmd
}

// catalogue returns `amends events catalogue`.
func catalogue(std cli.Stdio) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "catalogue",
		Short: "List all facts: type, key, and when they are told",
		Long: "List all facts: type, key, and when they are told. A state fact carries the version of the thing that\n" +
			"it describes; an urgent one overtakes events that wait for the same key. The AsyncAPI document of the\n" +
			"API, /asyncapi.yaml, has their data; docs/events.md explains them.",
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if asJSON {
				return show.JSON(std.Out, entries(registry.Facts()))
			}
			return list(std.Out, entries(registry.Facts()))
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// entry is a line of the catalogue.
type entry struct {
	Type    string `json:"type"`
	Service string `json:"service"`
	Topic   string `json:"topic"`
	Key     string `json:"key"`
	State   bool   `json:"state"`
	Urgent  bool   `json:"urgent"`
	Told    string `json:"told"`
}

func entries(facts []event.Declaration) []entry {
	all := make([]entry, len(facts))
	for i, f := range facts {
		all[i] = entry{Type: f.Type(), Service: f.Service, Topic: f.Topic(), Key: f.Key, State: f.State, Urgent: f.Urgent, Told: f.About}
	}
	return all
}

// width is that of the narrowest terminal that people use, in characters.
const width = 80

func list(out io.Writer, all []entry) error {
	const indent = "  "
	for _, e := range all {
		kind := []string{"by " + e.Key}
		if e.State {
			kind = append(kind, "state")
		}
		if e.Urgent {
			kind = append(kind, "urgent")
		}
		lines := []string{fmt.Sprintf("%-38s %s", e.Type, strings.Join(kind, ", "))}
		for line := range strings.Lines(text.WrapSoft(e.Told, width-len(indent))) {
			lines = append(lines, indent+strings.TrimSpace(line)) // it pads lines
		}
		if _, err := fmt.Fprintln(out, strings.Join(lines, "\n")); err != nil {
			return fmt.Errorf("print the catalogue: %w", err)
		}
	}
	return nil
}
