package audit

import "time"

// Range selects sagas: either the listed ones, or a key range in the order of
// their ids.
//
// The order carries no meaning, and two services may sort ids differently:
// consecutive key ranges together contain every saga of every service exactly
// once, and a list contains exactly the sagas it names.
type Range struct {
	// Sagas lists ids; if it is not empty, the other fields are ignored.
	Sagas []string `json:"sagas,omitempty"`
	// After and To bound a key range: After is exclusive, To inclusive, empty means
	// unbounded.
	After string `json:"after,omitempty"`
	To    string `json:"to,omitempty"`
	// Limit is the maximum number of sagas on one page.
	Limit int `json:"limit,omitempty"`
}

// Page is a service's answer about a [Range].
type Page[Fact any] struct {
	Facts []Fact `json:"facts"`
	// Next is the cursor for the next page, for [Range.After]; empty on the last.
	Next string `json:"next,omitempty"`
	// Since is the time from which on the service has followed the facts of others: it need
	// not know earlier events. Zero: it knows all, or follows none.
	Since time.Time `json:"since,omitzero"`
}

// Window selects the sagas of a key range in which a service has changed something from
// one time on, until before another, by the clocks of its hosts.
type Window struct {
	Range // without Sagas

	From  time.Time `json:"from"`
	Until time.Time `json:"until"`
}

// Changed is a service's answer about a [Window]: sagas, each once.
type Changed = Page[string]

// Whole is the argument of a question about a service as a whole.
type Whole struct {
	// Pause is how long a difference from another service must last to count.
	Pause time.Duration `json:"pause,omitempty"`
}
