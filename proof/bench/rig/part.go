package rig

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"path/filepath"
	"time"

	"github.com/amends/amends/internal/dev/child"
	"github.com/amends/amends/internal/dev/loopback"
	"github.com/amends/amends/proof/wait"
)

const (
	// readyTimeout bounds a part's start; it is a matter of a second.
	readyTimeout = 5 * time.Minute
	// stopTimeout bounds a part's drain.
	stopTimeout = time.Minute
	readyTick   = 20 * time.Millisecond
)

// Part is a process of the platform or of the floor.
type Part struct {
	Name string
	// Admin is the base of its admin address: /metrics, /readyz, /debug/pprof.
	Admin string

	process *child.Process
}

// errNotReady is the error of a part whose readiness page is not 200.
var errNotReady = errors.New("/readyz does not answer with 200")

// Pid returns the number of the process.
func (p *Part) Pid() int { return p.process.Pid() }

// start starts a part, and returns when it says that it is ready.
func (r *Rig) start(ctx context.Context, name, bin string, args, env []string) error {
	admin, err := loopback.FreeAddress(ctx)
	if err != nil {
		return err
	}
	p := &Part{Name: name, Admin: "http://" + admin}
	if p.process, err = r.launch(name, bin, args, append(env, "AMENDS_ADMIN_ADDR="+admin)); err != nil {
		return err
	}
	r.Parts[name] = p
	return p.ready(ctx)
}

// launch starts a process, which ends with the rig.
func (r *Rig) launch(name, bin string, args, env []string) (*child.Process, error) {
	logs := filepath.Join(r.o.Dir, "logs")
	p, err := child.Start(child.Options{
		Name: name, Bin: bin, Args: args, Env: append(env, "HOME="+r.o.Dir),
		Log: filepath.Join(logs, name+".log"), Note: filepath.Join(logs, name+".pid"), Command: name, State: logs,
		StopTimeout: stopTimeout, Logger: slog.New(slog.DiscardHandler),
	})
	if err == nil {
		r.stops = append(r.stops, p.Stop)
	}
	return p, err
}

// ready asks the part until it is ready.
func (p *Part) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	return p.process.Await(ctx, readyTick, func(ctx context.Context) error {
		if !wait.Answers(ctx, p.Admin+"/readyz") {
			return errNotReady
		}
		return nil
	})
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
