// Command strangle tells how a shop moves from a monolith to services, on a running platform
// and under load: the four phases of a strangler fig, with a cut-back in between. It is also
// the test that this loses nothing: docs/strangler.md.
package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "strangle:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	o := Options{Out: os.Stdout}
	flag.StringVar(&o.Amends, "amends", "bin/amends", "the binary of the platform")
	flag.StringVar(&o.Monolith, "monolith", "bin/monolith", "the binary of the monolith")
	flag.StringVar(&o.Temporal, "temporal-bin", "bin/temporal", "the binary of the engine")
	flag.StringVar(&o.Dir, "dir", "", "an empty folder for the databases (default: a new one, removed at the end)")
	flag.IntVar(&o.Orders, "orders", 200, "orders that the services place before the cut-back")
	flag.IntVar(&o.Crowd, "crowd", 6, "customers who are active at a time")
	step := flag.Bool("step", false, "wait for Enter before each step")
	flag.Parse()
	if o.Dir == "" {
		dir, err := os.MkdirTemp("", "strangle-")
		if err != nil {
			return err
		}
		defer func() { _ = os.RemoveAll(dir) }() // below the folder of temporary files
		o.Dir = dir
	}
	for _, bin := range []*string{&o.Amends, &o.Monolith, &o.Temporal} {
		var err error
		if *bin, err = filepath.Abs(*bin); err != nil {
			return err
		}
	}
	if *step {
		in := bufio.NewReader(os.Stdin)
		o.Next = func() {
			fmt.Fprint(o.Out, "\n  [Enter] ")
			_, _ = in.ReadString('\n') // the end of the input is an Enter, too
		}
	}
	return Tell(ctx, o)
}
