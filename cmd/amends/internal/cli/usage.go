package cli

import (
	"fmt"
	"net"

	"github.com/spf13/cobra"

	"github.com/amends/amends/internal/config"
)

// Group returns a command that only groups subcommands. It prints its help when it
// runs, and names the subcommands that a mistyped one may mean.
func Group(name, short string) *cobra.Command {
	return &cobra.Command{
		Use:   name,
		Short: short,
		Args:  subcommand,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
}

// Exactly accepts n arguments; its error names them: "stock receive needs …".
func Exactly(needs string, n int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == n {
			return nil
		}
		return fmt.Errorf("%s, and nothing else: %s", needs, cmd.UseLine())
	}
}

// Require makes flags required that cmd has.
func Require(cmd *cobra.Command, flags ...string) {
	for _, name := range flags {
		if err := cmd.MarkFlagRequired(name); err != nil {
			panic(err) // there is no such flag
		}
	}
}

// AddEngineFlags adds the flags that locate the engine.
func AddEngineFlags(cmd *cobra.Command) {
	config.AddFlags(cmd.Flags(), "temporal.address", "temporal.namespace", "temporal.profile")
}

// AddDatabaseFlags adds the flags that locate the databases of an `amends dev`.
// DSNs have no flags: every user of the machine can read a command line.
func AddDatabaseFlags(cmd *cobra.Command) {
	config.AddFlags(cmd.Flags(), "data_dir", "database_url")
}

// Reachable returns the address under which this machine reaches a server that
// listens on addr: the loopback address for one on every interface.
func Reachable(addr string) string {
	host, port, err := net.SplitHostPort(addr)
	if ip := net.ParseIP(host); err == nil && (host == "" || ip != nil && ip.IsUnspecified()) {
		return net.JoinHostPort("127.0.0.1", port)
	}
	return addr
}
