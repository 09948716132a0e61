// Command bench measures the costs of an order, against the floor that the engine
// itself sets (see package floor), and writes docs/benchmarks.md.
//
// # A run
//
// Everything runs on one machine, each part in a process of its own (see package
// rig). Rounds alternate: one of each contender, then the next of each, so that
// any change of the machine meets all of them. A round is a number of orders at a
// time, one after the other, for a number of seconds; it ends when the last order
// that was begun is decided, and everything up to there counts. The first orders
// of each contender, which fill caches and pools, are placed before and do not
// count.
//
// An order is a contender in each wanted layout of the platform, for which the
// platform is restarted on the same engine, databases and broker.
//
// Two more comparisons take turns like that: the platform without each of its own
// savings, and in other layouts; and, for `bench flat`, a young platform and an old
// one, with a number of orders as a round. A saving of the engine has a rig and
// rounds of its own. The first row of the savings and the last are the same, and
// show the difference between two measurements of the same.
//
// # Sources of the figures
//
//   - orders/s: decided orders over the time from the first to the last.
//   - acknowledged, decided: the client's view. An order is acknowledged by the 202
//     that says that it is durable, a workflow of the floor when its start returns.
//     A tenth of the orders is acknowledged first and awaited by a second request,
//     as one request cannot show both; the others are awaited in one.
//   - history events, workflow tasks: of the last twenty histories of the round.
//   - transactions: xact_commit and xact_rollback of pg_stat_database, which counts
//     every statement outside a transaction as one, reads too. "That wrote" is the
//     number of transaction ids that the server gave out: transactions that write or
//     lock.
//   - WAL: the advance of pg_current_wal_insert_lsn. A checkpoint before each round
//     makes every round pay for its own whole pages. `bench flat` also tries other
//     ways to write them.
//   - CPU: user and system time of the processes and their descendants, from /proc.
//     The load generator is not in it. The floor's client is, in place of the API: it
//     is the client of the engine. The broker counts for an order: its facts are told
//     and heard before the round ends.
//   - allocations: of the processes with services, from Go's own statistics.
//   - service round trips: counted on the wire, in rounds of their own at the end,
//     because counting costs time (see package wire).
//   - the doctor runs by itself only in a soak, as it reads every order, each time;
//     its costs are measured once, among costs over time.
//   - areas of CPU time, with --profile: each process's share of a profile of a
//     round of its own (see package areas), of the CPU time of the rounds.
//
// The use of an idle rig is measured in the same run, once in each layout, and
// subtracted for the length of the round. Before counters are read at the end, everything idles for ten
// seconds, because PostgreSQL's sessions report their transactions that late.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/amends/amends/proof/bench/rig"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1) //nolint:forbidigo // this is main
	}
}

// run runs one command.
func run(ctx context.Context, args []string, out, progress io.Writer) error {
	root := &cobra.Command{
		Use: "bench", Short: "Measure what an order costs", SilenceUsage: true, SilenceErrors: true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
	}
	root.SetArgs(args)
	root.SetOut(out)
	root.SetErr(progress)
	for _, part := range []string{rig.FloorWorker, rig.FloorClient} {
		root.AddCommand(&cobra.Command{
			Use: part, Hidden: true, Args: cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error { return rig.RunFloor(cmd.Context(), part) }, //nolint:contextcheck // that is the context
		})
	}
	root.AddCommand(compareCommand(), flatCommand(), soakCommand(), savingsCommand(), stylesCommand()) //nolint:contextcheck // a command gets its context when it runs
	return root.ExecuteContext(ctx)
}
