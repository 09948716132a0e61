package events

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/amends/amends/cmd/amends/internal/cli"
	"github.com/amends/amends/cmd/amends/internal/dsn"
	"github.com/amends/amends/event/inbox/waiting"
	"github.com/amends/amends/event/outbox"
	"github.com/amends/amends/internal/show"
	"github.com/amends/amends/worker"
	"github.com/amends/amends/worker/registry"
)

// showEvent returns `amends events show`.
func showEvent(std cli.Stdio) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "show ID",
		Short: "Show an event: who told it, where it waits or has waited, and the decisions about it",
		Long: "Show an event: which service told it, when it was published and at which position, or that it waits or\n" +
			"was refused; where it waits or has waited; and the decisions of operators about it. It asks every service\n" +
			"whose database is configured and answers, and names the others.",
		Args: cli.Exactly("events show needs the id of an event", 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			h := historyOf(std, cmd, args[0])
			if h.Told == nil && len(h.Letters)+len(h.Decisions) == 0 {
				return h.nothing(args[0])
			}
			if asJSON {
				return show.JSON(std.Out, h)
			}
			return printHistory(std.Screen(cmd), h)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cli.AddDatabaseFlags(cmd)
	return cmd
}

// told is an event in the outbox of a service.
type told struct {
	Service string `json:"service"`
	outbox.Told
}

// history has everything that the databases of the services know of an event.
type history struct {
	// Told is nil if no outbox has it any more.
	Told *told `json:"told,omitempty"`
	waiting.History
	// NotAsked has the reason for each service that could not be asked.
	NotAsked map[string]string `json:"not_asked,omitempty"`
}

// historyOf asks each service about an event.
func historyOf(std cli.Stdio, cmd *cobra.Command, id string) history {
	all := history{NotAsked: map[string]string{}}
	for _, service := range registry.Names() {
		if err := all.ask(std, cmd, service, id); err != nil {
			reason, _, _ := strings.Cut(err.Error(), "\n")
			all.NotAsked[service] = reason
		}
	}
	return all
}

// ask adds the knowledge of one service.
func (h *history) ask(std cli.Stdio, cmd *cobra.Command, service, id string) error {
	o, err := dsn.Tool(std, cmd, service)
	if err != nil {
		return err
	}
	return worker.WithEvents(cmd.Context(), o, service, func(e worker.Events) error {
		found, err := e.Show(cmd.Context(), id)
		if err != nil {
			return err //nolint:wrapcheck // it names the operation
		}
		h.Letters = append(h.Letters, found.Letters...)
		h.Decisions = append(h.Decisions, found.Decisions...)
		t, ok, err := e.Told(cmd.Context(), id)
		if ok {
			h.Told = &told{service, t}
		}
		return err //nolint:wrapcheck // the same
	})
}

// nothing returns that no service knows the event, and which could not be asked.
func (h *history) nothing(id string) error {
	if len(h.NotAsked) == 0 {
		return fmt.Errorf("no service has told event %s or kept it apart: it never was, or was handled and is deleted", id)
	}
	err := fmt.Errorf("none of the services that could be asked has told event %s or kept it apart; another one may have", id)
	for _, service := range slices.Sorted(maps.Keys(h.NotAsked)) {
		err = fmt.Errorf("%w\nnot asked: %s: %s", err, service, h.NotAsked[service])
	}
	return err
}

func printHistory(s show.Screen, h history) error {
	tables := []*show.Table{toldTable(h.Told), letters(h.Letters)}
	data := show.NewTable(show.Text("Data in"), show.Prose("Data")).Stacked()
	for _, l := range h.Letters {
		text, err := l.Data.MarshalJSON()
		if err != nil {
			return err //nolint:wrapcheck // of JSON
		}
		data.Row(l.Group, string(text))
	}
	decisions := show.NewTable(
		show.Text("Decision"), show.Text("Group"), show.Text("At"), show.Text("By"), show.Prose("Reason"), show.Prose("Of"), show.Text("State"),
		show.Text("Result"), show.Text("Code"),
	).Stacked()
	for _, d := range h.Decisions {
		decisions.Row(d.Action, d.Group, show.Second(d.CreatedAt), d.Operator, d.Reason, d.Selection, d.Item.State, d.Item.Result, d.Item.Code)
	}
	notAsked := show.NewTable(show.Text("Not asked"), show.Prose("Why"))
	for _, service := range slices.Sorted(maps.Keys(h.NotAsked)) {
		notAsked.Row(service, h.NotAsked[service])
	}
	return s.Tables(append(tables, data, decisions, notAsked)...)
}

// toldTable returns how an event stands in the outbox of the service that told it; t may be
// nil.
func toldTable(t *told) *show.Table {
	table := show.NewTable(
		show.Text("Told by"), show.Text("At"), show.Text("Event"), show.Text("Type"), show.Text("Key"), show.Prose("State"), show.Prose("Data"),
	).Stacked()
	if t == nil {
		return table
	}
	state := "waits for the broker"
	switch {
	case t.Refused != nil:
		state = fmt.Sprintf("refused at %s: %s", show.Second(*t.Refused), cmp.Or(t.Reason, "no reason"))
	case t.Published != nil:
		state = fmt.Sprintf("published at %s, position %d", show.Second(*t.Published), t.Position)
	}
	table.Row(t.Service, show.Second(t.At), t.ID, t.Type, t.Key, show.State(state), string(t.Data))
	return table
}
