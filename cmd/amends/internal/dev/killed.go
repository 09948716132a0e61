package dev

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/amends/amends/cmd/amends/internal/readiness"
	"github.com/amends/amends/internal/dev/child"
	"github.com/amends/amends/internal/dev/loopback"
	"github.com/amends/amends/internal/dev/mortal"
	"github.com/amends/amends/internal/process"
	"github.com/amends/amends/worker/registry"
)

// killed returns a second worker of the services whose steps sagas take: `amends worker`, on the
// same databases, engine and broker. It runs, and is killed, while its fault is switched on.
func (p *platform) killed(ctx context.Context, broker string) (*mortal.Process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("the worker that is killed: %w", err)
	}
	dir, err := filepath.Abs(p.c.DataDir)
	if err != nil {
		return nil, fmt.Errorf("the worker that is killed: %w", err)
	}
	port, err := loopback.FreePort(ctx)
	if err != nil {
		return nil, err
	}
	o := child.Options{
		Name: "the worker that is killed", Bin: self, Args: append([]string{"worker"}, registry.Acting()...),
		Env: p.worker(dir, broker, loopback.Address(port)), Log: filepath.Join(dir, "killed-worker.log"),
		Note: filepath.Join(dir, "killed-worker.pid"), Command: " worker ", State: self, StopTimeout: drainWorkers, Logger: p.log,
	}
	w := mortal.New(mortal.Options{Child: o, Logger: p.log, Ready: func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		_, err := readiness.Ask(ctx, "http://"+loopback.Address(port)+"/readyz")
		return err
	}})
	p.parts.Start(ctx, process.Closer("worker that is killed", w.End))
	return w, nil
}

// worker returns the environment of a worker of the platform: the settings of this process, and
// those that this process has made.
func (p *platform) worker(dir, broker, admin string) []string {
	all := slices.DeleteFunc(slices.Clone(p.environ), func(e string) bool {
		return p.devServer != nil && strings.HasPrefix(e, "TEMPORAL_") // they are of another engine
	})
	set := func(key, value string) {
		if value != "" {
			all = append(all, "AMENDS_"+strings.ToUpper(strings.ReplaceAll(key, ".", "_"))+"="+value)
		}
	}
	set("config", p.file)
	set("data_dir", dir)
	set("installation", p.c.Installation)
	set("durable", strconv.FormatBool(p.c.Durable))
	set("temporal.address", p.client.Address)
	set("temporal.namespace", p.client.Namespace)
	set("broker.url", broker)
	set("admin_addr", admin)
	set("rpc.listen", loopback.Address(0)) // one of the settings may be this process's
	for _, s := range p.c.Services {
		key := "services." + s.Name
		if !slices.Contains(registry.Acting(), s.Name) {
			set(key+".target", "static:///"+p.calls.Address)
			continue
		}
		set(key+".dsn", string(s.DSN))
		set(key+"."+s.Outside+"_dsn", string(s.OutsideDSN))
	}
	return all
}
