package rig

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"

	"github.com/amends/amends/internal/bench/floor"
	"github.com/amends/amends/internal/bench/wire"
	"github.com/amends/amends/internal/loopback"
	"github.com/amends/amends/worker"
)

// startParts starts the platform and the floor.
func (r *Rig) startParts(ctx context.Context) error {
	public, err := loopback.FreeAddress(ctx)
	if err != nil {
		return err
	}
	r.API = "http://" + public
	if r.Parts[API], err = r.start(ctx, API, r.o.Amends, []string{"api"}, append(r.environ(), "AMENDS_HTTP_ADDR="+public)); err != nil {
		return err
	}
	if !r.o.Alone {
		if r.Parts[FloorClient], err = r.startFloor(ctx, FloorClient, nil); err != nil {
			return err
		}
	}
	return r.startWorkers(ctx, r.databases)
}

// startWorkers starts the workers on these databases.
func (r *Rig) startWorkers(ctx context.Context, databases map[string]string) (err error) {
	r.Parts[Worker], err = r.start(ctx, Worker, r.o.Amends, append([]string{"worker"}, worker.Names()...), append(r.environ(), r.dsns(databases)...))
	if err != nil || r.o.Alone {
		return err
	}
	r.Parts[FloorWorker], err = r.startFloor(ctx, FloorWorker, databases)
	return err
}

// startFloor starts a process of the floor.
func (r *Rig) startFloor(ctx context.Context, name string, databases map[string]string) (*Part, error) {
	s := FloorSettings{Address: r.address, DSNs: map[string]string{}}
	for _, service := range floor.Services() {
		s.DSNs[service] = databases[floorDatabase(service)]
	}
	text, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	return r.start(ctx, name, r.o.Self, []string{name}, []string{"FLOOR=" + string(text)})
}

// CountTrips starts the workers again, with every connection to a database over a
// line that counts. It is the last thing to do with a rig: the line costs time.
func (r *Rig) CountTrips(ctx context.Context) (*wire.Line, error) {
	if err := errors.Join(r.Parts[Worker].process.Stop(), r.Parts[FloorWorker].process.Stop()); err != nil {
		return nil, err
	}
	line, _, err := r.line(ctx, r.services)
	if err != nil {
		return nil, err
	}
	over := map[string]string{}
	for name, dsn := range r.databases {
		u, err := url.Parse(dsn)
		if err != nil {
			return nil, fmt.Errorf("DSN of %s: %w", name, err)
		}
		u.Host = line.Address
		over[name] = u.String()
	}
	return line, r.startWorkers(ctx, over)
}
