package child

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"
)

// Await calls ask repeatedly until it succeeds. It fails when the process ends,
// or with ask's last error when ctx does.
func (p *Process) Await(ctx context.Context, every time.Duration, ask func(context.Context) error) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		err := ask(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-p.exited:
			return fmt.Errorf("%s ended while it started (%w); its last words: %s", p.o.Name, p.outcome(), p.lastWords())
		case <-ctx.Done():
			return fmt.Errorf("%s did not get ready: %w; its last words: %s", p.o.Name, err, p.lastWords())
		case <-tick.C:
		}
	}
}

// Failure describes the end of a server that was not asked to end, with the last
// line of its log. It is valid after [Process.Done].
func (p *Process) Failure() error {
	return fmt.Errorf("%s ended (%w); its last words: %s", p.o.Name, p.outcome(), p.lastWords())
}

// outcome returns how the process ended, also for exit code 0.
func (p *Process) outcome() error {
	if p.err == nil {
		return errors.New("exit status 0")
	}
	return p.err
}

// lastWords returns the last line of the log that is not a greeting, or "none".
func (p *Process) lastWords() string {
	content, err := os.ReadFile(p.o.Log)
	if err != nil {
		return "none"
	}
	for _, line := range slices.Backward(strings.Split(string(content), "\n")) {
		if line = strings.TrimSpace(line); line != "" && (p.o.Greeting == nil || !p.o.Greeting.MatchString(line)) {
			return fmt.Sprintf("%.500s", line)
		}
	}
	return "none"
}
