// Package key names one step of one saga. The key is what makes a step happen
// once: it never contains a run id, an attempt or a time, so every retry, every
// reset and every late attempt carries the same one.
package key

import "strconv"

// Key identifies one step of one saga.
type Key struct {
	// Saga is the saga's id, for example an order id.
	Saga string `json:"saga"`
	// Step is the step's name, for example "inventory.reserve".
	Step string `json:"step"`
	// Generation counts how often a saga takes the same step on purpose; 0 for
	// the first and usually only time.
	Generation int `json:"generation,omitempty"`
}

// New returns the key of the first generation of step in saga.
func New(saga, step string) Key { return Key{Saga: saga, Step: step} }

// String returns "saga/step", followed by "#generation" from the second
// generation on: not by a slash, or it could be the [Key.Child] of a part with a
// number for its name. It is what outside systems get as an idempotency key.
func (k Key) String() string {
	s := k.Saga + "/" + k.Step
	if k.Generation > 0 {
		s += "#" + strconv.Itoa(k.Generation)
	}
	return s
}

// Child returns the idempotency key of one of several outside calls that a
// step makes, for example "<saga>/shipping.book/BER".
func (k Key) Child(part string) string { return k.String() + "/" + part }
