package rig

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/amends/amends/internal/dev/child"
	"github.com/amends/amends/internal/dev/loopback"
	"github.com/amends/amends/proof/wait"
)

const (
	// readyTimeout bounds a part's start; it is a matter of a second.
	readyTimeout = time.Minute
	// stopTimeout bounds a part's drain.
	stopTimeout = 30 * time.Second
	readyTick   = 20 * time.Millisecond
)

// Part is a process of the platform or of the floor.
type Part struct {
	Name string
	// Admin is the base of its admin address: /metrics, /readyz, /debug/pprof.
	Admin string

	process *child.Process
	log     string // the file
}

// Pid returns the number of the process.
func (p *Part) Pid() int { return p.process.Pid() }

// start starts a part, and returns when it says that it is ready.
func (r *Rig) start(ctx context.Context, name, bin string, args, env []string) (*Part, error) {
	admin, err := loopback.FreeAddress(ctx)
	if err != nil {
		return nil, err
	}
	logs := filepath.Join(r.o.Dir, "logs")
	p := &Part{Name: name, Admin: "http://" + admin, log: filepath.Join(logs, name+".log")}
	p.process, err = child.Start(child.Options{
		Name: name, Bin: bin, Args: args,
		Env: append(env, "HOME="+r.o.Dir, "AMENDS_ADMIN_ADDR="+admin),
		Log: p.log, Note: filepath.Join(logs, name+".pid"), Command: name, State: logs,
		StopTimeout: stopTimeout, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return nil, err
	}
	r.stops = append(r.stops, p.process.Stop)
	return p, p.ready(ctx)
}

// ready asks the part until it is.
func (p *Part) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	tick := time.NewTicker(readyTick)
	defer tick.Stop()
	for !wait.Answers(ctx, p.Admin+"/readyz") {
		select {
		case <-p.process.Done():
			return fmt.Errorf("%s ended: %w; its last words: %s", p.Name, p.process.Err(), p.lastWords())
		case <-ctx.Done():
			return fmt.Errorf("%s does not get ready: %w; its last words: %s", p.Name, context.Cause(ctx), p.lastWords())
		case <-tick.C:
		}
	}
	return nil
}

// Profiles returns the address of the profiles of a part, or of [Engine]; "" if it
// has none.
func (r *Rig) Profiles(part string) string {
	base := r.profiles
	if p, ok := r.Parts[part]; ok {
		base = p.Admin
	}
	if base == "" {
		return ""
	}
	return base + "/debug/pprof/"
}

// browser asks the parts.
var browser = &http.Client{}

// lastWords returns the last line of a part's log.
func (p *Part) lastWords() string {
	text, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	text = bytes.TrimSpace(text)
	return string(text[bytes.LastIndexByte(text, '\n')+1:])
}
