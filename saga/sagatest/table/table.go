// Package table follows the barrier's records during the run of a saga, and notes which rows
// of the barrier's table of calls (see package barrier) the run came by: a settle that found
// an intent, an undo that found nothing, and so on. A test that never comes by a row shows
// nothing about the code that answers it.
package table

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"unique"

	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/saga/ledger"
	"github.com/amends/amends/saga/sagatest/search"
)

// The suffixes of the activities that undo and settle a step.
const undo, settle = ".undo", ".settle"

// Table is the state of the records in one run. It implements [traced.Watcher].
type Table struct {
	activities []string // sorted
	acting     string   // the activity that is called
	records    map[key.Key]ledger.State
	outside    map[string]bool      // steps with an effect in an external system
	late       map[string]bool      // dos that will come late
	came       map[search.Mark]bool // rows that the run came by
	leads      []search.Mark        // see Leads; nil: not known
}

// New returns the table of a saga with these activities, which are sorted.
func New(activities []string) *Table {
	return &Table{
		activities: activities, records: map[key.Key]ledger.State{}, outside: map[string]bool{},
		late: map[string]bool{}, came: map[search.Mark]bool{},
	}
}

// Call notes that an activity is called, until the next call.
func (t *Table) Call(activity string) { t.acting = activity }

// Late notes that a call of an activity will take effect late.
func (t *Table) Late(activity string) {
	if activity == Step(activity) {
		t.late[activity], t.leads = true, nil
	}
}

// Found implements [traced.Watcher].
func (t *Table) Found(k key.Key, s ledger.State) {
	if stepOf(k) == Step(t.acting) {
		t.came[t.mark(t.acting, s)] = true
	}
}

// Became implements [traced.Watcher].
func (t *Table) Became(k key.Key, s ledger.State) { t.records[k], t.leads = s, nil }

// Outside implements [traced.Watcher].
func (t *Table) Outside(k key.Key) { t.outside[stepOf(k)], t.leads = true, nil }

// Came returns the rows that the run came by.
func (t *Table) Came() []search.Mark { return slices.Collect(maps.Keys(t.came)) }

// Leads returns the rows to which a call leads that comes now: those of the records as they
// are, and of the calls that will come late. They are sorted, whatever the order of the maps.
//
//workflowcheck:ignore
func (t *Table) Leads() []search.Mark {
	if t.leads != nil {
		return t.leads
	}
	leads := map[search.Mark]bool{}
	for k, s := range t.records {
		step := stepOf(k)
		for _, activity := range []string{step, step + undo, step + settle} {
			if t.has(activity) && (s != ledger.Intent || t.outside[step]) {
				leads[t.mark(activity, s)] = true
			}
		}
	}
	for activity := range t.late {
		leads[t.mark(activity, ledger.Undone)] = true
	}
	t.leads = slices.Sorted(maps.Keys(leads))
	return t.leads
}

// Wants returns the rows that a test has to come by: those of the steps that the run took.
func (t *Table) Wants() (all []search.Mark) {
	for _, step := range t.activities {
		if step != Step(step) || !t.came[t.mark(step, "")] {
			continue
		}
		states := []ledger.State{"", ledger.Done}
		if t.outside[step] {
			states = append(states, ledger.Intent)
		}
		for _, activity := range []string{step, step + undo, step + settle} {
			if !t.has(activity) {
				continue
			}
			for _, s := range states {
				all = append(all, t.mark(activity, s))
			}
			if activity != step || t.has(step+undo) || t.has(step+settle) {
				all = append(all, t.mark(activity, ledger.Undone))
			}
		}
	}
	return all
}

func (t *Table) has(activity string) bool {
	_, ok := slices.BinarySearch(t.activities, activity)
	return ok
}

// mark returns the row of a call that finds a record. States that the barrier answers alike
// are one row.
func (*Table) mark(activity string, s ledger.State) search.Mark {
	found := string(cmp.Or(s, "nothing"))
	switch {
	case s == ledger.Undone, s == ledger.Blocked, s == ledger.Refused && activity != Step(activity):
		found = "what had ended"
	case s == ledger.Refused:
		found = string(ledger.Done)
	}
	return search.Mark(unique.Make(activity + " found " + found).Value()) // an exploration keeps many
}

// Step returns the step of an activity.
func Step(activity string) string {
	return strings.TrimSuffix(strings.TrimSuffix(activity, undo), settle)
}

// stepOf returns the name under which the step of a key is bound, see [saga.Step.Nth].
func stepOf(k key.Key) string {
	step, _, _ := strings.Cut(k.Step, ":")
	return step
}
