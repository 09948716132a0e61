// Package strangle has the commands about the data of a monolith that is being strangled:
// `amends legacy import`, `bridge` and `rehearse-cut-back`. docs/strangler.md tells their order.
package strangle

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/amends/amends/cmd/amends/internal/cli"
	"github.com/amends/amends/internal/strangle/monolith"
)

// tokenVariable has the secret of the monolith's back door, and of the door of stock. A flag
// would show it to every user of the machine.
const tokenVariable = "MONOLITH_TOKEN" //nolint:gosec // the name of a variable

// Commands returns the commands of `amends legacy` about data.
func Commands(std cli.Stdio) []*cobra.Command {
	return []*cobra.Command{importCommand(std), bridgeCommand(std), rehearse(std)}
}

// about is the end of every help.
const about = "\n\nThe environment variable MONOLITH_TOKEN has the secret of the monolith's back door. The command opens the\n" +
	"databases of the services: those whose DSNs are set, or those of an `amends dev` (--data-dir)."

// client returns a client of the monolith at a URL.
func client(std cli.Stdio, address string) (*monolith.Client, error) {
	return monolith.New(address, token(std))
}

func token(std cli.Stdio) (value string) {
	for _, v := range std.Environ {
		if after, ok := strings.CutPrefix(v, tokenVariable+"="); ok {
			value = after // the last one counts, as everywhere
		}
	}
	return value
}
