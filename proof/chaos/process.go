package chaos

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/amends/amends/internal/dev/child"
	"github.com/amends/amends/proof/victim"
	"github.com/amends/amends/proof/wait"
)

// process is an amends that may be killed and started again.
type process struct {
	name, bin string
	args, env []string
	logs      string // folder; each start has a file
	admin     string // base of its admin address; empty: it has none

	victim sync.Mutex // one fault at a time

	mu      sync.Mutex
	running *child.Process
	starts  int
	ended   []string // unexpected ends
}

// start starts it.
func (p *process) start() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.starts++
	running, err := child.Start(child.Options{
		Name: p.name, Bin: p.bin, Args: p.args, Env: p.env, Log: p.log(p.starts), Note: filepath.Join(p.logs, p.name+".pid"),
		Command: p.name, State: p.logs, StopTimeout: time.Minute, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return err
	}
	p.running = running
	return nil
}

func (p *process) now() *child.Process {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.running
}

// kill ends it as a power cut does, and returns an error unless it ended by that.
func (p *process) kill(ctx context.Context) error {
	running := p.now()
	select {
	case <-running.Done():
		return fmt.Errorf("%s was not running: %w", p.name, running.Err())
	default:
	}
	return errors.Join(syscall.Kill(running.Pid(), syscall.SIGKILL), ended(ctx, running.Done(), running.Err))
}

// ended waits for the end of a process, and returns an error unless it was
// SIGKILL.
func ended(ctx context.Context, done <-chan struct{}, how func() error) error {
	select {
	case <-ctx.Done():
		return fmt.Errorf("it does not end: %w", context.Cause(ctx))
	case <-done:
	}
	return victim.Killed(how())
}

// freeze stops it for that time, and returns an error unless the system called it
// stopped at the beginning and at the end.
func (p *process) freeze(ctx context.Context, during time.Duration) error {
	return victim.Freeze(ctx, p.name, p.now().Pid(), during)
}

// watch starts it again after an unexpected end, as an operator's supervisor
// would, and records that. It returns when ctx ends.
func (p *process) watch(ctx context.Context) {
	for {
		if ctx.Err() != nil {
			return
		}
		p.victim.Lock()
		running := p.now()
		select {
		case <-running.Done():
			p.mu.Lock()
			p.ended = append(p.ended, running.Failure().Error())
			p.mu.Unlock()
			if err := p.start(); err != nil {
				p.mu.Lock()
				p.ended = append(p.ended, err.Error())
				p.mu.Unlock()
			}
		default:
		}
		p.victim.Unlock()
		if wait.For(ctx, 250*time.Millisecond) != nil {
			return
		}
	}
}

// stop ends it by a drain.
func (p *process) stop() error {
	if running := p.now(); running != nil {
		return running.Stop()
	}
	return nil
}

// late counts the attempts that a worker finished after the engine had given up on
// them, according to its log.
func (p *platform) late() (n int) {
	for _, part := range p.parts {
		for start := range part.starts {
			text, err := os.ReadFile(part.log(start + 1))
			if err != nil {
				continue // counted as none: a run without any fails
			}
			n += bytes.Count(text, []byte(`msg="Activity complete after timeout."`)) +
				bytes.Count(text, []byte(`msg="LocalActivity completed after activity deadline."`))
		}
	}
	return n
}

// log is the file of a start.
func (p *process) log(start int) string {
	return filepath.Join(p.logs, fmt.Sprintf("%s-%02d.log", p.name, start))
}
