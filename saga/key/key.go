// Package key names one step of one saga. A key never contains a run id, an attempt
// or a time, so every retry, every reset and every late attempt carries the same one:
// it is the idempotency key of the step.
package key

import "strconv"

// Key identifies one step of one saga.
type Key struct {
	// Saga is the saga's id, for example an order id.
	Saga string `json:"saga"`
	// Step is the step's name, for example "inventory.reserve".
	Step string `json:"step"`
	// Generation tells apart the times that the step is taken on purpose for one saga; 0
	// for the first time, and usually the only one.
	Generation int `json:"generation,omitempty"`
}

// New returns the key of the first generation of step in saga.
func New(saga, step string) Key { return Key{Saga: saga, Step: step} }

// String returns the idempotency key for external systems: "saga/step", followed by
// "#generation" from the second generation on. A slash there would make it equal to
// the [Key.Child] of a part whose name is that number.
func (k Key) String() string {
	s := k.Saga + "/" + k.Step
	if k.Generation > 0 {
		s += "#" + strconv.Itoa(k.Generation)
	}
	return s
}

// Child returns the idempotency key for one of several calls to an external system
// in one step, for example "<saga>/shipping.book/BER".
func (k Key) Child(part string) string { return k.String() + "/" + part }
