package config

import (
	"strconv"

	"github.com/amends/amends/internal/engine"
)

// Worker says how much a worker process takes on at a time. How many steps of a
// service run at once follows from its max_conns.
type Worker struct {
	// MinPollers is how many long polls each service keeps open for each kind of
	// task when nothing is to be done: a task that finds none waiting costs the
	// engine a write and a read more. 1 to 1000. Default: 4.
	MinPollers int `key:"min_pollers" help:"long polls that stay open when nothing is to be done, for each service"`

	// MaxPollers bounds them when much is to be done; not below MinPollers, at most
	// 1000. Default: 32.
	MaxPollers int `key:"max_pollers" help:"long polls at most, for each service"`

	// WorkflowCache is how many sagas the process keeps in memory between two of
	// their tasks; one that is dropped is run again from its history. It should not
	// be below the sagas that are under way at a time. 1 to 1000000. Default: 10000.
	WorkflowCache int `key:"workflow_cache" help:"sagas kept in memory between two of their tasks"`
}

func defaultWorker() Worker {
	p := engine.DefaultPollers()
	return Worker{MinPollers: p.Min, MaxPollers: p.Max, WorkflowCache: 10_000}
}

func (p *Problems) worker(c *Config) {
	const most = 1000
	w := c.Worker
	if w.MinPollers < 1 || w.MinPollers > most {
		p.add("worker.min_pollers", "must be from 1 to 1000", strconv.Itoa(w.MinPollers))
	}
	if w.MaxPollers < w.MinPollers || w.MaxPollers > most {
		p.add("worker.max_pollers", "must be from worker.min_pollers to 1000", strconv.Itoa(w.MaxPollers))
	}
	if w.WorkflowCache < 1 || w.WorkflowCache > 1_000_000 {
		p.add("worker.workflow_cache", "must be from 1 to 1000000", strconv.Itoa(w.WorkflowCache))
	}
}
