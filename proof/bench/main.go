// Command bench measures what an order costs, against the floor that the engine
// itself sets (see package floor), and writes docs/benchmarks.md.
//
// # A run
//
// Everything runs on one machine, each part in a process of its own (see package
// rig). Rounds alternate: one of each contender, then the next of each, so that
// what the machine does meanwhile meets all of them. A round is that many orders
// at a time, one after the other, for that many seconds; it ends when the last
// that was begun is decided, and everything up to there counts. The first orders
// of each contender, which fill caches and pools, are placed before and count not.
//
// In turn are also the platform without each of the savings that are its own, started
// anew for each round on one engine, and a young platform and an old one, when it is
// asked whether costs are flat; there a round is a number of orders. What is the
// engine's has a rig and rounds of its own. The first row of the savings and the last
// are the same, and show how far two measurements are apart.
//
// # How each figure is taken
//
//   - orders/s: orders decided over the time from the first to the last.
//   - acknowledged, decided: what the client saw. An order is acknowledged by the
//     202 that says that it is durable, a workflow of the floor when its start
//     returns. Of the orders a tenth is acknowledged first and waited for by a second
//     request, as the two cannot be seen in one; the others are waited for in one.
//   - history events, workflow tasks: of the last twenty histories of the round.
//   - transactions: xact_commit and xact_rollback of pg_stat_database, which counts
//     every statement outside a transaction as one, reads too. "That wrote" is how
//     many transaction ids the server gave out: transactions that write or lock.
//   - WAL: how far pg_current_wal_insert_lsn went. A checkpoint before each round makes every
//     round pay for its own whole pages.
//   - CPU: user and system time of the processes and all that they started, from
//     /proc. The load generator is not in it. The floor's client is, in the place of
//     the API: it is the process that asks the engine.
//   - allocations: of the worker process, from Go's own statistics.
//   - service round trips: counted on the wire, in rounds of their own at the end,
//     because counting costs time (see package wire).
//   - the doctor does not run by itself but in a soak, as it looks at every order that
//     there is, each time; what that costs is measured once, among costs over time.
//   - where CPU time goes, with --profile: each process's share of a profile of a
//     round of its own (see package areas), of what the rounds measured.
//
// What is used while nobody orders anything is measured in the same run and
// subtracted for the length of the round. Before counters are read in the end,
// everything idles for ten seconds, because PostgreSQL's sessions report what they
// did that late.
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
	root.AddCommand(compareCommand(), flatCommand(), soakCommand(), savingsCommand()) //nolint:contextcheck // a command gets its context when it runs
	return root.ExecuteContext(ctx)
}
