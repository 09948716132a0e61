package rig

import (
	"context"
	"encoding/json"
	"errors"
	"regexp"
	"time"

	"github.com/amends/amends/internal/dev/loopback"
	"github.com/amends/amends/proof/bench/floor"
	"github.com/amends/amends/proof/bench/measure"
	"github.com/amends/amends/proof/bench/wire"
	"github.com/amends/amends/proof/wait"
)

// startParts starts the platform and the floor.
func (r *Rig) startParts(ctx context.Context) error {
	if !r.o.Alone {
		for _, name := range []string{FloorWorker, FloorClient} {
			if err := r.startFloor(ctx, name); err != nil {
				return err
			}
		}
	}
	return r.startPlatform(ctx)
}

// Change restarts the platform as another one: on the same engine, broker and databases,
// which must have the schema that its binary expects. No order may be under way.
func (r *Rig) Change(ctx context.Context, p Platform) error {
	if err := r.stopPlatform(); err != nil {
		return err
	}
	r.o.Platform = p
	return r.startPlatform(ctx)
}

// Platform returns how the platform runs.
func (r *Rig) Platform() Platform { return r.o.Platform }

func (r *Rig) stopPlatform() (err error) {
	for _, name := range append(r.o.Platform.Layout.Workers(), API) {
		if p, ok := r.Parts[name]; ok {
			err = errors.Join(err, p.process.Stop())
			delete(r.Parts, name)
		}
	}
	return err
}

// startPlatform starts the processes of the layout: the API last, which does not get
// ready without the workers.
func (r *Rig) startPlatform(ctx context.Context) error {
	public, err := loopback.FreeAddress(ctx)
	if err != nil {
		return err
	}
	r.API = "http://" + public
	layout, amends := r.o.Platform.Layout, r.o.Platform.Amends
	serving := append(r.environ(), "AMENDS_HTTP_ADDR="+public)
	working := append(r.dsns(), "AMENDS_RPC_LISTEN="+loopback.Address(0))
	if layout == Together {
		return r.start(ctx, Worker, amends, []string{"dev"}, append(serving, working...))
	}
	working = append(r.environ(), working...)
	for i, name := range layout.Workers() {
		if err := r.start(ctx, name, amends, append([]string{"worker"}, layout.groups()[i]...), working); err != nil {
			return err
		}
	}
	return r.start(ctx, API, amends, []string{"api"}, serving)
}

// startFloor starts a process of the floor.
func (r *Rig) startFloor(ctx context.Context, name string) error {
	s := FloorSettings{Address: r.address, DSNs: map[string]string{}}
	for _, service := range floor.Services() {
		s.DSNs[service] = r.databases[floorDatabase(service)].String()
	}
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return r.start(ctx, name, r.o.Self, []string{name}, []string{"FLOOR=" + string(text)})
}

// CountTrips restarts the platform and the floor's worker, with every connection to a
// database over a line that counts. It is the last call to a rig: the line costs time.
func (r *Rig) CountTrips(ctx context.Context) (*wire.Line, error) {
	if err := r.stopPlatform(); err != nil {
		return nil, err
	}
	if !r.o.Alone {
		if err := r.Parts[FloorWorker].process.Stop(); err != nil {
			return nil, err
		}
	}
	line, _, err := r.line(ctx, r.services)
	if err != nil {
		return nil, err
	}
	for _, dsn := range r.databases {
		dsn.Host = line.Address
	}
	if !r.o.Alone {
		if err := r.startFloor(ctx, FloorWorker); err != nil {
			return nil, err
		}
	}
	return line, r.startPlatform(ctx)
}

// StopPart stops a part of the platform, until the next [Rig.Change].
func (r *Rig) StopPart(name string) error {
	p := r.Parts[name]
	delete(r.Parts, name)
	return p.process.Stop()
}

// Alarm waits until a line of a part's metrics matches, and returns the match.
func (r *Rig) Alarm(ctx context.Context, part string, line *regexp.Regexp, within time.Duration) (match string, err error) {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	err = wait.Until(ctx, line.String(), func() bool {
		text, err := measure.Text(ctx, r.Parts[part].Admin+"/metrics")
		match = string(line.Find(text))
		return err == nil && match != ""
	})
	return match, err
}
