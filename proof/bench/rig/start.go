package rig

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/amends/amends/internal/dev/loopback"
	"github.com/amends/amends/proof/bench/floor"
	"github.com/amends/amends/proof/bench/wire"
	"github.com/amends/amends/worker/registry"
)

// startParts starts the platform and the floor.
func (r *Rig) startParts(ctx context.Context) error {
	if err := r.startWorkers(ctx); err != nil { // without them the API does not get ready
		return err
	}
	if !r.o.Alone {
		if err := r.startFloor(ctx, FloorClient); err != nil {
			return err
		}
	}
	return r.startAPI(ctx)
}

// Change restarts the platform as another one: on the same engine and the same
// databases, which must have the schema that its binary expects. No order may be
// under way.
func (r *Rig) Change(ctx context.Context, p Platform) error {
	if err := errors.Join(r.Parts[API].process.Stop(), r.Parts[Worker].process.Stop()); err != nil {
		return err
	}
	r.o.Platform = p
	if err := r.startWorker(ctx); err != nil {
		return err
	}
	return r.startAPI(ctx)
}

// Platform returns how the platform runs.
func (r *Rig) Platform() Platform { return r.o.Platform }

func (r *Rig) startAPI(ctx context.Context) error {
	public, err := loopback.FreeAddress(ctx)
	if err != nil {
		return err
	}
	r.API = "http://" + public
	r.Parts[API], err = r.start(ctx, API, r.o.Platform.Amends, []string{"api"}, append(r.environ(), "AMENDS_HTTP_ADDR="+public))
	return err
}

// startWorkers starts the workers of the platform and the floor.
func (r *Rig) startWorkers(ctx context.Context) error {
	if err := r.startWorker(ctx); err != nil || r.o.Alone {
		return err
	}
	return r.startFloor(ctx, FloorWorker)
}

func (r *Rig) startWorker(ctx context.Context) (err error) {
	r.Parts[Worker], err = r.start(ctx, Worker, r.o.Platform.Amends, append([]string{"worker"}, registry.Names()...), append(r.environ(), r.dsns()...))
	return err
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
	r.Parts[name], err = r.start(ctx, name, r.o.Self, []string{name}, []string{"FLOOR=" + string(text)})
	return err
}

// CountTrips restarts the workers, with every connection to a database over a line
// that counts. It is the last call to a rig: the line costs time.
func (r *Rig) CountTrips(ctx context.Context) (*wire.Line, error) {
	if err := errors.Join(r.Parts[Worker].process.Stop(), r.Parts[FloorWorker].process.Stop()); err != nil {
		return nil, err
	}
	line, _, err := r.line(ctx, r.services)
	if err != nil {
		return nil, err
	}
	for _, dsn := range r.databases {
		dsn.Host = line.Address
	}
	return line, r.startWorkers(ctx)
}
