package chaos

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/Shopify/toxiproxy/v2/toxics"
	"github.com/rs/zerolog"

	"github.com/amends/amends/internal/dev/loopback"
	"github.com/amends/amends/proof/wait"
)

// Lost is the part of the traffic that a hole swallows.
type Lost string

// The parts: a lost reply is that of a call which took effect.
const (
	Requests Lost = "requests"
	Replies  Lost = "replies"
	Both     Lost = "requests and replies"
)

// line is a connection from one process to one server that can be broken.
type line struct {
	proxy *toxiproxy.Proxy

	hole      atomic.Value // Lost; "" is none
	swallowed atomic.Int64 // bytes, since the hole began
	open      atomic.Int64 // connections
	opened    atomic.Int64 // ever

	mu    sync.Mutex
	reset chan struct{} // closed when every connection is to end
}

// lines are all lines by name, for the gates, which toxiproxy makes.
var lines sync.Map

// newLine opens a line on a free loopback port.
func newLine(ctx context.Context, name, upstream string) (*line, error) {
	port, err := loopback.FreePort(ctx)
	if err != nil {
		return nil, fmt.Errorf("line %s: %w", name, err)
	}
	l := &line{reset: make(chan struct{})}
	l.hole.Store(Lost(""))
	if _, taken := lines.LoadOrStore(name, l); taken {
		return nil, fmt.Errorf("there is a line %q", name)
	}
	quiet := zerolog.Nop()
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), quiet)
	l.proxy = toxiproxy.NewProxy(server, name, loopback.Address(port), upstream)
	for _, toxic := range []string{
		// It never acts, but its presence makes closing a connection a reset.
		`{"type": "reset_peer", "toxicity": 0, "stream": "upstream"}`,
		`{"type": "reset_peer", "toxicity": 0, "stream": "downstream"}`,
		`{"type": "amends_gate", "stream": "upstream", "attributes": {"line": "` + name + `", "carries": "requests"}}`,
		`{"type": "amends_gate", "stream": "downstream", "attributes": {"line": "` + name + `", "carries": "replies"}}`,
	} {
		if _, err := l.proxy.Toxics.AddToxicJson(strings.NewReader(toxic)); err != nil {
			return nil, fmt.Errorf("line %s: %w", name, err)
		}
	}
	if err := l.proxy.Start(); err != nil {
		return nil, fmt.Errorf("line %s: %w", name, err)
	}
	return l, nil
}

// address is where the process connects.
func (l *line) address() string { return l.proxy.Listen }

// close ends the line for good.
func (l *line) close() {
	lines.Delete(l.proxy.Name)
	l.sever()
}

// sever resets every connection and refuses new ones.
func (l *line) sever() {
	l.proxy.Stop()
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.reset)
	l.reset = make(chan struct{})
}

func (l *line) severed() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.reset
}

// cut resets every connection and refuses new ones for that time. It waits for one
// to reset, and at the end for one that the victim has opened since.
func (l *line) cut(ctx context.Context, closed time.Duration) error {
	if err := wait.Until(ctx, "a connection is open", func() bool { return l.open.Load() > 0 }); err != nil {
		return err
	}
	l.sever()
	err := wait.Until(ctx, "every connection has ended", func() bool { return l.open.Load() == 0 })
	before := l.opened.Load()
	err = errors.Join(err, wait.For(ctx, closed), l.proxy.Start())
	if err != nil {
		return err
	}
	return wait.Until(ctx, "the victim connects again", func() bool { return l.opened.Load() > before })
}

// swallow makes the line a hole for that time, and until something fell into it.
// Then it resets the connections, because their streams have gaps.
func (l *line) swallow(ctx context.Context, what Lost, during time.Duration) error {
	l.swallowed.Store(0)
	l.hole.Store(what)
	err := errors.Join(
		wait.For(ctx, during),
		wait.Until(ctx, "something falls into the hole", func() bool { return l.swallowed.Load() > 0 }),
	)
	l.sever()
	l.hole.Store(Lost(""))
	return errors.Join(err, l.proxy.Start())
}

// Gate is our toxic: it lets everything pass except for the part that its line
// swallows. It is exported, with its fields, because toxiproxy makes it from JSON.
type Gate struct {
	Line    string `json:"line"`
	Carries Lost   `json:"carries"`
}

func init() { toxics.Register("amends_gate", new(Gate)) }

// Pipe implements [toxics.Toxic].
func (g *Gate) Pipe(stub *toxics.ToxicStub) {
	found, ok := lines.Load(g.Line)
	if !ok { // the line is closed for good
		stub.Close()
		return
	}
	l, ok := found.(*line)
	if !ok {
		stub.Close()
		return
	}
	if g.Carries == Requests { // each connection has one gate of these
		l.opened.Add(1)
		l.open.Add(1)
		defer l.open.Add(-1)
	}
	severed := l.severed()
	for {
		select {
		case <-stub.Interrupt:
			return
		case <-severed:
			stub.Close()
			return
		case chunk := <-stub.Input:
			if chunk == nil {
				stub.Close()
				return
			}
			if hole := l.hole.Load(); hole == Both || hole == g.Carries {
				l.swallowed.Add(int64(len(chunk.Data)))
				continue
			}
			select {
			case stub.Output <- chunk:
			case <-severed:
				stub.Close()
				return
			}
		}
	}
}
