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
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// A second Ctrl-C does not wait for the drain. One that comes at once is the
	// same one, which a parent passed on to us and to our group.
	context.AfterFunc(ctx, func() { time.AfterFunc(time.Second, stop) })
	err := run(ctx, os.Args[1:], stdio{in: os.Stdin, out: os.Stdout, err: os.Stderr, environ: os.Environ()})
	stop()
	if err != nil {
		for line := range strings.Lines(err.Error()) {
			if line = strings.TrimSpace(line); line != "" {
				fmt.Fprintln(os.Stderr, "amends: "+line)
			}
		}
		os.Exit(exitCode(err))
	}
}
