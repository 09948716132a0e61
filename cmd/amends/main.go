// Command amends is the whole platform in one binary: `amends dev` runs
// everything in one process; `amends api` and `amends worker` run its parts.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/amends/amends/cmd/amends/internal/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// A second Ctrl-C ends the process without waiting for the drain. One within a
	// second is the same one: a parent passed it on to this process and to its group.
	context.AfterFunc(ctx, func() { time.AfterFunc(time.Second, stop) })
	err := run(ctx, os.Args[1:], cli.Stdio{
		In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Environ: os.Environ(), Program: os.Args[0],
	})
	stop()
	if err != nil {
		for line := range strings.Lines(err.Error()) {
			if line = strings.TrimSpace(line); line != "" {
				fmt.Fprintln(os.Stderr, "amends: "+line)
			}
		}
		os.Exit(cli.ExitCode(err))
	}
}
