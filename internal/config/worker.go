package config

import (
	"fmt"
	"strconv"
	"strings"

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

	// Build is the name of the program's build at the engine, by which `amends versions`
	// tells builds apart: at most 100 characters, without spaces and colons. All
	// processes of a build have the same. Empty: the version, or a digest of the program
	// if its sources had changes. Default: empty.
	Build string `key:"build" help:"name of the program's build at the engine"`
}

// DefaultWorker returns the defaults.
func DefaultWorker() Worker {
	p := engine.DefaultPollers()
	return Worker{MinPollers: p.Min, MaxPollers: p.Max, WorkflowCache: 10_000}
}

// Check reports the rules that the section breaks.
func (w Worker) Check(p *setting.Problems) {
	const most = 1000
	within(p, "worker.min_pollers", w.MinPollers, 1, most)
	if w.MaxPollers < w.MinPollers || w.MaxPollers > most {
		p.Add("worker.max_pollers", "must be from worker.min_pollers to 1000", strconv.Itoa(w.MaxPollers))
	}
	within(p, "worker.workflow_cache", w.WorkflowCache, 1, 1_000_000)
	if len(w.Build) > 100 || strings.ContainsFunc(w.Build, func(r rune) bool { return r == ':' || r <= ' ' || r > '~' }) {
		p.Add("worker.build", "must have at most 100 ASCII characters, without spaces and colons", w.Build)
	}
}

func within(p *setting.Problems, key string, n, least, most int) {
	if n < least || n > most {
		p.Add(key, fmt.Sprintf("must be from %d to %d", least, most), strconv.Itoa(n))
	}
}
