package orders

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/amends/amends/cmd/amends/internal/cli"
	"github.com/amends/amends/cmd/amends/internal/dsn"
	"github.com/amends/amends/internal/exposure"
	"github.com/amends/amends/worker"
	"github.com/amends/amends/worker/holding"
)

// held returns how the holdings of orders at a service are read, from its database.
func held(std cli.Stdio, cmd *cobra.Command) func(ctx context.Context, service string, ids []string) (map[string]exposure.Exposure, error) {
	return func(ctx context.Context, service string, ids []string) (map[string]exposure.Exposure, error) {
		o, err := dsn.Tool(std, cmd, service) //nolint:contextcheck // it takes that of cmd
		if err != nil {
			return nil, err
		}
		return worker.Exposure(ctx, o, service, ids)
	}
}

// holdings are those of one order, by the services that could be asked.
type holdings struct {
	Holds    exposure.Exposure `json:"holds,omitzero"`
	NotAsked []string          `json:"holdings_not_asked,omitempty"`
}

// holdingsOf adds up the holdings of an order at the services whose databases the command
// finds, and names the others.
func holdingsOf(std cli.Stdio, cmd *cobra.Command, id string) (h holdings) {
	at := held(std, cmd)
	for _, service := range holding.Services() {
		found, err := at(cmd.Context(), service, []string{id})
		if err != nil {
			h.NotAsked = append(h.NotAsked, service)
			continue
		}
		h.Holds.Add(found[id])
	}
	return h
}

// String says it in words, "" if no service could be asked.
func (h holdings) String() string {
	switch {
	case len(h.NotAsked) == len(holding.Services()):
		return ""
	case len(h.NotAsked) > 0:
		return h.Holds.String() + "; not asked: " + strings.Join(h.NotAsked, ", ")
	}
	return h.Holds.String()
}
