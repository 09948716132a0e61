package keep

import (
	"errors"
	"slices"

	"github.com/amends/amends/api/legacy/route"
)

// Explains reports whether the journal, the newest entry first, leads to the present values of
// some fields of a route: of each field, the newest entry about it does.
func Explains(journal []Change, name string, fields []route.Difference) bool {
	return !slices.ContainsFunc(fields, func(f route.Difference) bool { return !explains(journal, name, f) })
}

func explains(journal []Change, name string, f route.Difference) bool {
	for _, c := range journal {
		if c.Route != name {
			continue
		}
		if i := slices.IndexFunc(c.Differences, func(d route.Difference) bool { return d.Field == f.Field }); i >= 0 {
			return c.Differences[i].After == f.After
		}
	}
	return false
}

// Note adds an entry about a change that the file has already, unless the journal explains it.
// No Update of any process comes in between.
func (f File) Note(c Change) (err error) {
	unlock, err := Lock(f.path + ".lock")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	journal, err := f.Changes(maxRead)
	if err != nil || Explains(journal, c.Route, c.Differences) {
		return err
	}
	return f.record(c)
}

// maxRead is how many entries of the journal explain a change.
const maxRead = 1000

// Explained reports whether the journal leads to the present values of some fields of a route.
func (f File) Explained(name string, fields []route.Difference) bool {
	journal, err := f.Changes(maxRead)
	return err == nil && Explains(journal, name, fields)
}
