package rig

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/amends/amends/internal/dev/postgres"
	"github.com/amends/amends/proof/bench/measure"
)

// Counter names a value that only grows.
type Counter string

// The counters. CPU is in seconds; that of a part is [CPUOf] it.
const (
	EngineStoreTx Counter = "engine store transactions"
	EngineIndexTx Counter = "engine visibility transactions"
	EngineWritten Counter = "engine transaction ids"
	EngineWAL     Counter = "engine WAL bytes"
	EngineImages  Counter = "engine page images"
	ServiceTx     Counter = "service transactions"
	ServiceWAL    Counter = "service WAL bytes"
	ServiceImages Counter = "service page images"
	EngineCPU     Counter = "CPU of the engine"
	EngineDBCPU   Counter = "CPU of the engine's PostgreSQL"
	ServiceDBCPU  Counter = "CPU of the services' PostgreSQL"
	BrokerCPU     Counter = "CPU of " + Broker
	Told          Counter = "events that " + Broker + " stored"
	Delivered     Counter = "events that " + Broker + " delivered"
)

// CPUOf is the CPU time of a part, AllocationsOf and AllocatedOf its allocations,
// in objects and bytes.
func CPUOf(part string) Counter         { return Counter("CPU of " + part) }
func AllocationsOf(part string) Counter { return Counter("allocations of " + part) } //nolint:revive // see above
func AllocatedOf(part string) Counter   { return Counter("allocated by " + part) }   //nolint:revive // see above

// Counters are the totals of everything up to a moment.
type Counters struct {
	At     time.Time
	Values map[Counter]float64
}

// Databases of the engine.
const (
	storeDatabase = "temporal"
	indexDatabase = "temporal_visibility"
)

// Read reads every counter. Transactions are exact only when everything has been
// idle for [measure.StatisticsDelay].
func (r *Rig) Read(ctx context.Context) (Counters, error) {
	c := Counters{At: time.Now(), Values: map[Counter]float64{}}
	for name, pid := range r.pids() {
		p, err := measure.ReadProcess(pid)
		if err != nil {
			return c, fmt.Errorf("%s: %w", name, err)
		}
		c.Values[name] = p.CPU.Seconds()
	}
	for name, part := range r.Parts {
		g, err := measure.ReadGo(ctx, part.Admin+"/metrics")
		if err != nil {
			return c, fmt.Errorf("%s: %w", name, err)
		}
		c.Values[AllocationsOf(name)], c.Values[AllocatedOf(name)] = g.Allocations, g.Allocated
	}
	told, delivered, err := r.readBroker(ctx)
	if err != nil {
		return c, err
	}
	c.Values[Told], c.Values[Delivered] = told, delivered
	if !r.o.SQLite {
		services, err := r.readServices(ctx)
		if err != nil {
			return c, err
		}
		c.Values[ServiceTx], c.Values[ServiceWAL], c.Values[ServiceImages] = float64(services.Transactions), float64(services.WAL), float64(services.Images)
	}
	if r.engineDB == nil {
		return c, nil
	}
	store, err := measure.ReadPostgres(ctx, r.watch[r.engineDB], storeDatabase)
	if err != nil {
		return c, err
	}
	index, err := measure.ReadPostgres(ctx, r.watch[r.engineDB], indexDatabase)
	if err != nil {
		return c, err
	}
	c.Values[EngineStoreTx], c.Values[EngineIndexTx] = float64(store.Transactions), float64(index.Transactions)
	c.Values[EngineWritten], c.Values[EngineWAL], c.Values[EngineImages] = float64(store.Written), float64(store.WAL), float64(store.Images)
	return c, nil
}

// pids are the processes by the counter of their CPU time.
func (r *Rig) pids() map[Counter]int {
	pids := map[Counter]int{EngineCPU: r.enginePID, ServiceDBCPU: r.services.Pid, BrokerCPU: r.broker.Pid()}
	if r.engineDB != nil {
		pids[EngineDBCPU] = r.engineDB.Pid
	}
	for name, part := range r.Parts {
		pids[CPUOf(name)] = part.Pid()
	}
	return pids
}

func (r *Rig) readServices(ctx context.Context) (measure.Postgres, error) {
	var names []string
	for _, dsn := range r.databases {
		names = append(names, strings.TrimPrefix(dsn.Path, "/"))
	}
	return measure.ReadPostgres(ctx, r.watch[r.services], names...)
}

// Checkpoint makes every PostgreSQL server write its dirty memory.
func (r *Rig) Checkpoint(ctx context.Context) error {
	for _, c := range r.watch {
		if err := measure.Checkpoint(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

// Configure sets parameters of every PostgreSQL server; see [measure.Configure].
func (r *Rig) Configure(ctx context.Context, parameters map[string]string) error {
	for _, c := range r.watch {
		if err := measure.Configure(ctx, c, parameters); err != nil {
			return err
		}
	}
	return nil
}

// Version returns the version of the PostgreSQL servers.
func (r *Rig) Version(ctx context.Context) (string, error) {
	var version string
	err := r.watch[r.services].QueryRow(ctx, "SHOW server_version").Scan(&version)
	return version, err
}

// Health is the present resources of a process.
type Health struct {
	measure.Process

	Goroutines float64 // of our Go processes
}

// Health reads every process.
func (r *Rig) Health(ctx context.Context) (map[string]Health, error) {
	all := map[string]Health{}
	for counter, pid := range r.pids() {
		name := strings.TrimPrefix(string(counter), "CPU of ")
		p, err := measure.ReadProcess(pid)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		h := Health{Process: p}
		if part, ok := r.Parts[name]; ok {
			g, err := measure.ReadGo(ctx, part.Admin+"/metrics")
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			h.Goroutines = g.Goroutines
		}
		all[name] = h
	}
	return all, nil
}

// Connections returns the connections to each PostgreSQL server, those of all
// clients.
func (r *Rig) Connections(ctx context.Context) (services, engine int, err error) {
	count := func(s *postgres.Server) (n int, err error) {
		if s == nil {
			return 0, nil
		}
		err = r.watch[s].QueryRow(ctx, "SELECT count(*) FROM pg_stat_activity WHERE datname <> 'postgres'").Scan(&n)
		if err != nil {
			return 0, fmt.Errorf("count connections: %w", err)
		}
		return n, nil
	}
	if services, err = count(r.services); err != nil {
		return 0, 0, err
	}
	engine, err = count(r.engineDB)
	return services, engine, err
}

// Lag returns how long the oldest fact waits that a listener of the platform has not
// handled, in seconds.
func (r *Rig) Lag(ctx context.Context) (greatest float64, err error) {
	for _, part := range r.Parts {
		lag, err := measure.Lag(ctx, part.Admin+"/metrics")
		if err != nil {
			return 0, err
		}
		greatest = max(greatest, lag)
	}
	return greatest, nil
}
