package store

import (
	"slices"

	"github.com/amends/amends/services/query"
)

// steps returns the steps of an undecided order as its timeline tells them, each as it was
// told last, in the order of their first entries, and those that make no progress as its
// flags tell. An abort of a choreographed order is answered for every step, also for those
// that were refused or never taken: they stay as they were.
func steps(o query.Order, entries []query.Entry) []query.Step {
	var all []query.Step
	for _, e := range entries {
		i := find(all, e.Step.Name)
		switch {
		case o.Style == query.Choreographed && e.Step.Blocked:
		case i < 0:
			all = append(all, e.Step)
		default:
			began := all[i].StartedAt
			all[i] = e.Step
			all[i].StartedAt = began
		}
	}
	if o.Style == query.Choreographed {
		all = flagged(all, o.Attention)
	}
	return all
}

// flagged adds the failures of steps that make no progress.
func flagged(all []query.Step, flags []query.Flag) []query.Step {
	for _, f := range flags {
		i := find(all, f.Step)
		switch {
		case f.Lasting || f.Saga != "":
		case i < 0:
			all = append(all, query.Step{Name: f.Step, State: "running", StartedAt: f.Since, Error: f.Code, Exposure: f.Owed})
		default:
			if all[i].State == "done" {
				all[i].State = "flagged" // its undo
			}
			all[i].Error, all[i].Exposure = f.Code, f.Owed
		}
	}
	return all
}

func find(all []query.Step, name string) int {
	return slices.IndexFunc(all, func(s query.Step) bool { return s.Name == name })
}
