package route

import "slices"

// Move is a route of which the services get more or fewer requests than before. Differences
// are those of its mode and its share.
type Move struct {
	Before, After Route
	Differences   []Difference
}

// Moves returns the moves of f's routes in next. A route that is gone leaves all of its
// requests to the services. A new one has not moved.
func (f File) Moves(next File) (all []Move) {
	for _, before := range f.Routes {
		after, found := next.Find(before.Name)
		if !found {
			after = Route{Name: before.Name, Mode: Service}
		}
		changed := slices.DeleteFunc(Differences(before, after), func(d Difference) bool { return d.Field != "mode" && d.Field != "percent" })
		if len(changed) > 0 {
			all = append(all, Move{before, after, changed})
		}
	}
	return all
}

// ToLegacy returns a copy of the file in which the upstream answers a route, false if it does
// already.
func (f File) ToLegacy(name string) (File, bool) {
	r, found := f.Find(name)
	if !found || !r.Serves() {
		return f, false
	}
	r.Mode = Legacy
	return f.With(r), true
}
