package header

import "time"

// NameAsOf is the name of the header that tells how old an answer of the read model is.
const NameAsOf = "Amends-As-Of"

// AsOf returns the value of Amends-As-Of for an answer of the read model, nil for the zero
// time: it does not know yet.
func AsOf(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	return new(t.UTC().Format(time.RFC3339Nano))
}
