// Package builds tells which builds of the program run sagas, and whether an older one may
// go.
//
// A worker names its build to the engine, which keeps with each saga the builds that have
// continued it. No saga belongs to a build: any of them may continue any saga (ADR 81). So
// an older build may go as soon as this one polls all its queues, and every saga that this
// one has not continued yet replays on it.
package builds

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	enumspb "go.temporal.io/api/enums/v1"

	"github.com/amends/amends/internal/engine"
	"github.com/amends/amends/internal/engine/clock"
	"github.com/amends/amends/internal/watch/queue"
)

// Config describes a search.
type Config struct {
	Engine *engine.Client
	// Queues are the task queues of all services, those of earlier releases among them.
	Queues []string
	// This is the name of the build that searches, which stays.
	This string
	// Most is how many sagas are replayed at most.
	Most int
}

// Report tells of all builds.
type Report struct {
	This string `json:"this"`
	// Builds are this one, then the others by name.
	Builds []Build `json:"builds"`
	// NotBegun is the number of running sagas that no build has continued yet.
	NotBegun int `json:"not_begun"`
}

// Build is one that polls, or that has continued a running saga.
type Build struct {
	Name string `json:"build"`
	// Polls are the queues that its workers poll.
	Polls []string `json:"polls"`
	// Sagas is the number of running sagas that no build has joined since this one has.
	Sagas int `json:"sagas"`
	// MayGo reports whether nothing is lost with the build. This one stays.
	MayGo bool `json:"may_go"`
	// Blocks are the reasons why it may not.
	Blocks []string `json:"blocks"`
}

// Find asks the engine for the builds, and replays the sagas that this build has not
// continued yet. It changes nothing.
func Find(ctx context.Context, c Config) (Report, error) {
	polls, err := c.polls(ctx)
	if err != nil {
		return Report{}, err
	}
	all, err := sagas(ctx, c.Engine)
	if err != nil {
		return Report{}, err
	}
	trial, err := c.try(ctx, all)
	if err != nil {
		return Report{}, err
	}
	return judge(c.This, polls, all, trial), nil
}

// polls returns the queues that each build polls, in the order of the configured ones.
func (c Config) polls(ctx context.Context) (map[string][]string, error) {
	now, err := clock.Now(ctx, c.Engine)
	if err != nil {
		return nil, err //nolint:wrapcheck // a fault that says enough
	}
	polls := map[string][]string{}
	for _, name := range c.Queues {
		// Every worker polls for activities, also one that runs workflows.
		found, err := queue.Builds(ctx, c.Engine, name, enumspb.TASK_QUEUE_TYPE_ACTIVITY, now)
		if err != nil {
			return nil, err //nolint:wrapcheck // it names the queue
		}
		for _, build := range found {
			polls[build] = append(polls[build], name)
		}
	}
	return polls, nil
}

// judge judges the builds by their polls and by the running sagas.
func judge(this string, polls map[string][]string, all []saga, t trial) Report {
	r := Report{This: this}
	counts := map[string]int{this: 0}
	for build := range polls {
		counts[build] = 0
	}
	for _, s := range all {
		if last := s.last(); last != "" {
			counts[last]++
		} else {
			r.NotBegun++
		}
	}
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		b := Build{Name: name, Polls: append([]string{}, polls[name]...), Sagas: counts[name], Blocks: []string{}}
		if name == this {
			r.Builds = slices.Insert(r.Builds, 0, b)
			continue
		}
		b.Blocks = append(b.Blocks, blocks(polls[this], b, t)...)
		b.MayGo = len(b.Blocks) == 0
		r.Builds = append(r.Builds, b)
	}
	return r
}

// blocks returns the reasons why an older build may not go, while this one polls so many
// queues.
func blocks(polled []string, b Build, t trial) (all []string) {
	alone := slices.DeleteFunc(slices.Clone(b.Polls), func(q string) bool { return slices.Contains(polled, q) })
	if len(alone) > 0 {
		all = append(all, "this build does not poll "+strings.Join(alone, ", "))
	}
	if failed := t.failed[b.Name]; len(failed) > 0 {
		all = append(all, fmt.Sprintf("%d of its sagas do not replay on this build, such as %s", len(failed), slices.Min(failed)))
	}
	if n := t.untried[b.Name]; n > 0 {
		all = append(all, fmt.Sprintf("%d of its sagas have not been replayed: raise --most", n))
	}
	return all
}
