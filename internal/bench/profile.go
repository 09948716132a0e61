package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"

	"golang.org/x/sync/errgroup"

	"github.com/amends/amends/internal/bench/rig"
)

// consumers is how many functions of a profile are listed.
const consumers = "30"

// longest is how many seconds a profile may take: an answer of the platform has a
// minute.
const longest = 50

// takeProfiles has everybody with services run once more, with a CPU profile of
// each of its processes, and lists what uses most.
func (c *comparison) takeProfiles(ctx context.Context, m *meter, all []contender, out io.Writer) error {
	if err := os.MkdirAll(c.profile, 0o755); err != nil { //nolint:gosec // for whoever looks at them
		return err
	}
	for _, who := range all {
		if who.name == bareName {
			continue
		}
		fmt.Fprintf(m.say, "%s: profiling\n", who.name)
		var both errgroup.Group
		for _, name := range []string{who.worker, who.front} {
			both.Go(func() error { return c.takeProfile(ctx, m.rig.Parts[name]) })
		}
		w := work{concurrency: slices.Max(c.concurrency), duration: c.duration, seed: c.seed}
		_, err := who.run(ctx, w, func() {})
		if err := errors.Join(err, both.Wait()); err != nil {
			return err
		}
		for _, name := range []string{who.worker, who.front} {
			if err := top(ctx, c.file(name), out); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *comparison) file(part string) string { return filepath.Join(c.profile, part+".pprof") }

// takeProfile profiles a process for the length of a round.
func (c *comparison) takeProfile(ctx context.Context, p *rig.Part) (err error) {
	url := p.Admin + "/debug/pprof/profile?seconds=" + strconv.Itoa(min(max(1, int(c.duration.Seconds())), longest))
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return err
	}
	answer, err := new(http.Client).Do(request)
	if err != nil {
		return fmt.Errorf("profile of %s: %w", p.Name, err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("profile of %s: %s", p.Name, answer.Status)
	}
	file, err := os.Create(c.file(p.Name))
	if err != nil {
		return err
	}
	_, err = io.Copy(file, answer.Body)
	return errors.Join(err, file.Close())
}

// top lists the functions that use most.
func top(ctx context.Context, file string, out io.Writer) error {
	fmt.Fprintf(out, "\n%s\n", file)
	for _, order := range []string{"-flat", "-cum"} { // by what each does itself; with what it calls
		cmd := exec.CommandContext(ctx, "go", "tool", "pprof", "-top", order, "-nodecount="+consumers, file) //nolint:gosec // a file of ours
		cmd.Stdout, cmd.Stderr = out, out
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("list %s: %w", file, err)
		}
	}
	return nil
}
