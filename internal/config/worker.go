package config

import (
	"strconv"

	"github.com/amends/amends/internal/config/setting"
	"github.com/amends/amends/internal/engine"
)

// Worker bounds the concurrent work of a worker process. How many steps of a
// service run at once follows from its max_conns.
type Worker struct {
	// MinPollers is how many long polls each idle service keeps open for each kind of
	// task: a task that finds no waiting poll costs the engine another write and
	// read. 1 to 1000. Default: 4.
	MinPollers int `key:"min_pollers" help:"long polls that an idle service keeps open, for each kind of task"`

	// MaxPollers bounds the long polls of a busy service; MinPollers to 1000.
	// Default: 32.
	MaxPollers int `key:"max_pollers" help:"long polls that a busy service keeps open at most, for each kind of task"`

	// WorkflowCache is how many sagas the process keeps in memory between two of
	// their tasks; a saga that is dropped is replayed from its history. It should not
	// be below the number of sagas in flight. 1 to 1000000. Default: 10000.
	WorkflowCache int `key:"workflow_cache" help:"sagas kept in memory between two of their tasks"`
}

func defaultWorker() Worker {
	p := engine.DefaultPollers()
	return Worker{MinPollers: p.Min, MaxPollers: p.Max, WorkflowCache: 10_000}
}

func (w Worker) check(p *setting.Problems) {
	const most = 1000
	if w.MinPollers < 1 || w.MinPollers > most {
		p.Add("worker.min_pollers", "must be from 1 to 1000", strconv.Itoa(w.MinPollers))
	}
	if w.MaxPollers < w.MinPollers || w.MaxPollers > most {
		p.Add("worker.max_pollers", "must be from worker.min_pollers to 1000", strconv.Itoa(w.MaxPollers))
	}
	if w.WorkflowCache < 1 || w.WorkflowCache > 1_000_000 {
		p.Add("worker.workflow_cache", "must be from 1 to 1000000", strconv.Itoa(w.WorkflowCache))
	}
}
