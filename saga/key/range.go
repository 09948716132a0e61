package key

// Range names sagas, for those who look at many at a time: either a list of
// them, or a stretch of all that there are in the order of their ids.
//
// The order of ids means nothing, and services may even disagree on it: stretches
// that follow each other have every saga of every service once, and a list names
// exactly those that it names.
type Range struct {
	// Sagas are the ids of a list; not empty: the rest is ignored.
	Sagas []string `json:"sagas,omitempty"`
	// After and To bound a stretch: ids behind After up to To, which belongs to it.
	// Empty: no bound.
	After string `json:"after,omitempty"`
	To    string `json:"to,omitempty"`
	// Limit is how many sagas are wanted at most.
	Limit int `json:"limit,omitempty"`
}
