package discovery

import (
	"maps"
	"slices"
)

// view is the state of a [List].
type view struct {
	members  map[string]*member // by id
	answered bool               // the registry has answered, or failed, once
	away     error              // why the registry is away, nil while it is there
}

// member is an instance in a view.
type member struct {
	Instance

	state    state
	failures int // of probes in a row
}

// state is what is known of a member's lease.
type state int

const (
	leased state = iota
	ended        // it stays until the view judges the leases that ended together
	kept         // it has ended with most others
)

func newView() *view { return &view{members: map[string]*member{}} }

func (v *view) apply(c Change) {
	switch c.Kind {
	case Listed:
		v.answered, v.away = true, nil
		for _, m := range v.members {
			if !slices.ContainsFunc(c.Instances, func(i Instance) bool { return i.ID == m.ID }) {
				m.end()
			}
		}
		v.renew(c.Instances)
	case Present:
		v.renew(c.Instances)
	case Left:
		for _, i := range c.Instances {
			delete(v.members, i.ID)
		}
	case Expired:
		for _, i := range c.Instances {
			if m := v.members[i.ID]; m != nil {
				m.end()
			}
		}
	}
}

func (v *view) renew(all []Instance) {
	for _, i := range all {
		v.members[i.ID] = &member{Instance: i}
	}
}

func (m *member) end() {
	if m.state == leased {
		m.state = ended
	}
}

// lost records that the registry is away. Its silence ends no lease.
func (v *view) lost(err error) { v.answered, v.away = true, err }

// judge decides about the leases that have ended: all are kept if they, and those kept
// before, are more than half of the instances; otherwise they go. It returns how many
// instances there were, how many leases ended now, and whether those are kept.
func (v *view) judge() (total, now int, keep bool) {
	total, now = len(v.members), v.count(ended)
	keep = 2*(now+v.count(kept)) > total
	for id, m := range v.members {
		switch {
		case m.state != ended:
		case keep:
			m.state = kept
		default:
			delete(v.members, id)
		}
	}
	return total, now, keep
}

// kept returns the addresses of the instances to probe.
func (v *view) kept() (addresses []string) {
	for _, m := range v.members {
		if m.state == kept {
			addresses = append(addresses, m.Address)
		}
	}
	return addresses
}

// probed takes the result of a probe of each address, true if it did not answer. While
// the registry is away no instance goes.
func (v *view) probed(dead map[string]bool) {
	for id, m := range v.members {
		switch gone, asked := dead[m.Address]; {
		case m.state != kept || !asked:
		case !gone:
			m.failures = 0
		default:
			if m.failures++; m.failures >= maxProbes && v.away == nil {
				delete(v.members, id)
			}
		}
	}
}

func (v *view) count(s state) (n int) {
	for _, m := range v.members {
		if m.state == s {
			n++
		}
	}
	return n
}

func (v *view) snapshot() Snapshot {
	s := Snapshot{Kept: v.count(kept), Stale: v.away != nil, Err: v.away}
	for _, id := range slices.Sorted(maps.Keys(v.members)) {
		s.Instances = append(s.Instances, v.members[id].Instance)
	}
	return s
}

// differ reports whether b is news after a. A renewal is none.
func differ(a, b Snapshot) bool {
	return a.Stale != b.Stale || a.Kept != b.Kept ||
		!slices.EqualFunc(a.Instances, b.Instances, func(i, j Instance) bool {
			return i.ID == j.ID && i.Address == j.Address && i.Version == j.Version
		})
}
