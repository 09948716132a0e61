package events_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"

	"github.com/amends/amends/internal/dev/loopback"
	"github.com/amends/amends/proof/victim"
	"github.com/amends/amends/proof/wait"
)

// process is a process with a role, which may be killed and started again.
type process struct {
	sync.Mutex // one fault at a time

	role role
	dir  string           // of its logs
	line *toxiproxy.Proxy // to the broker; nil: none
	said func(n int)      // is called with each number that it prints; nil: never
	stir func()           // has a little told; nil: nothing

	cmd    *exec.Cmd
	in     io.WriteCloser
	worked atomic.Bool // since its start
	ended  chan struct{}
	how    error // valid after ended is closed

	telling sync.Mutex
	allowed int // the number that a teller may not reach
}

func (p *process) name() string { return p.role.Name + " " + p.role.Service }

// start starts it.
func (p *process) start() error {
	text, err := json.Marshal(p.role)
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	log, err := os.CreateTemp(p.dir, p.name()+"-*.log")
	if err != nil {
		return err
	}
	cmd := exec.Command(self) //nolint:noctx // this binary; it ends when its input does
	cmd.Env = append(os.Environ(), roleVariable+"="+string(text))
	cmd.Stderr = log
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", p.name(), err)
	}
	p.cmd, p.ended = cmd, make(chan struct{})
	p.worked.Store(false)
	go p.follow(out, log)
	p.telling.Lock()
	p.in = in
	p.telling.Unlock()
	return p.allow(0)
}

// follow reads the words of a started process until it ends.
func (p *process) follow(out io.Reader, log io.Closer) {
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if n, err := strconv.Atoi(lines.Text()); err == nil && p.said != nil {
			p.said(n)
		} else if lines.Text() == "works" {
			p.worked.Store(true)
		}
	}
	p.how = errors.Join(p.cmd.Wait(), log.Close())
	close(p.ended)
}

// allow lets a teller tell n more, also when it is started again.
func (p *process) allow(n int) error {
	p.telling.Lock()
	defer p.telling.Unlock()
	p.allowed += n
	_, err := fmt.Fprintln(p.in, p.allowed)
	if errors.Is(err, syscall.EPIPE) || errors.Is(err, os.ErrClosed) {
		return nil // it is dead, and hears it when it is started again
	}
	return err
}

// awaitWork waits until it has worked since its start.
func (p *process) awaitWork(ctx context.Context) error {
	late := wait.Until(ctx, p.name()+" works", p.stirred(func() bool { return p.worked.Load() || p.hasEnded() }))
	if p.hasEnded() {
		return fmt.Errorf("%s ended by itself: %w", p.name(), p.how)
	}
	return late
}

// stirred returns ok, and has a little told now and then while it is false, so that there
// is some work.
func (p *process) stirred(ok func() bool) func() bool {
	asked := 0
	return func() bool {
		if ok() {
			return true
		}
		if asked++; asked%10 == 0 && p.stir != nil {
			p.stir()
		}
		return false
	}
}

func (p *process) hasEnded() bool {
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}

// kill ends it as a power cut does.
func (p *process) kill(ctx context.Context) error {
	if err := p.cmd.Process.Kill(); err != nil {
		return fmt.Errorf("kill %s: %w", p.name(), err)
	}
	select {
	case <-ctx.Done():
		return fmt.Errorf("%s does not end: %w", p.name(), context.Cause(ctx))
	case <-p.ended:
	}
	if err := victim.Killed(p.how); err != nil {
		return fmt.Errorf("%s: %w", p.name(), err)
	}
	return nil
}

// crash kills it once it has worked and all are busy, and starts it again after a while.
func (p *process) crash(ctx context.Context, busy func(context.Context) error, down time.Duration) error {
	p.Lock()
	defer p.Unlock()
	for _, do := range []func() error{
		func() error { return p.awaitWork(ctx) },
		func() error { return busy(ctx) },
		func() error { return p.kill(ctx) },
		func() error { return wait.For(ctx, down) },
		p.start,
	} {
		if err := do(); err != nil {
			return err
		}
	}
	return nil
}

// freeze stops it for a while.
func (p *process) freeze(ctx context.Context, busy func(context.Context) error, during time.Duration) error {
	p.Lock()
	defer p.Unlock()
	if err := errors.Join(p.awaitWork(ctx), busy(ctx)); err != nil {
		return err
	}
	return victim.Freeze(ctx, p.name(), p.cmd.Process.Pid, during)
}

// cutOff resets its connection to the broker and refuses another one for a while. If it
// is mute, the connection stays but carries nothing until then.
func (p *process) cutOff(ctx context.Context, busy func(context.Context) error, during time.Duration, mute bool) error {
	p.Lock()
	defer p.Unlock()
	if err := errors.Join(p.awaitWork(ctx), busy(ctx)); err != nil {
		return err
	}
	if mute {
		for _, stream := range []string{"upstream", "downstream"} {
			swallow := strings.NewReader(`{"type": "timeout", "attributes": {"timeout": 0}, "stream": "` + stream + `"}`)
			if _, err := p.line.Toxics.AddToxicJson(swallow); err != nil {
				return fmt.Errorf("mute the line of %s: %w", p.name(), err)
			}
		}
		if err := wait.For(ctx, during); err != nil {
			return err
		}
		p.line.Stop() // the streams have gaps
		p.line.Toxics.ResetToxics(ctx)
		return p.line.Start()
	}
	p.line.Stop()
	return errors.Join(wait.For(ctx, during), p.line.Start())
}

// stop ends it in order, and returns an error if it does not drain.
func (p *process) stop(ctx context.Context) error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return fmt.Errorf("stop %s: %w", p.name(), err)
	}
	select {
	case <-ctx.Done():
		return errors.Join(fmt.Errorf("%s does not end", p.name()), p.cmd.Process.Kill())
	case <-p.ended:
		return p.how
	}
}

// end ends it at once, for the end of a test.
func (p *process) end() {
	_ = p.cmd.Process.Kill() // it may have ended
	<-p.ended
}

// newLine opens a line to the broker at a port.
func newLine(ctx context.Context, port int) (*toxiproxy.Proxy, error) {
	own, err := loopback.FreePort(ctx)
	if err != nil {
		return nil, err
	}
	line := toxiproxy.NewProxy(toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop()), loopback.Address(own), loopback.Address(own), loopback.Address(port))
	return line, line.Start()
}
