// Package events has the commands `amends events`, about the facts that services tell.
package events

import (
	"strings"

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
		RunE: func(cmd *cobra.Command, _ []string) error {
			if asJSON {
				return show.JSON(std.Out, entries(registry.Facts()))
			}
			return std.Screen(cmd).Tables(table(entries(registry.Facts())))
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

func table(all []entry) *show.Table {
	t := show.NewTable(show.Text("Fact"), show.Text("By"), show.Text("Kind").Dispensable(1), show.Prose("Told"))
	for _, e := range all {
		var kind []string
		if e.State {
			kind = append(kind, "state")
		}
		if e.Urgent {
			kind = append(kind, "urgent")
		}
		t.Row(e.Type, e.Key, strings.Join(kind, ", "), e.Told)
	}
	return t
}
