// Package amends is the root of a saga platform. A customer places an order over
// HTTP; a Temporal workflow drives it durably through services that each own a
// database; if a step fails, every effect is undone, exactly once.
//
// api asks, workflows decide, activities adapt, services act, worker runs — and
// saga is the machine they share:
//
//   - cmd/amends is the one binary.
//   - api is HTTP, without a database or a business rule.
//   - workflows holds the order saga, readable as the business process.
//   - activities binds the steps of a saga to the methods of the services.
//   - services/X owns its rules and, in services/X/store, its rows. It knows
//     neither Temporal nor HTTP.
//   - worker runs the services from one list.
//   - saga, saga/barrier, saga/sagatest, event and fault are libraries for other sagas;
//     the examples directory has two.
//   - proof breaks or measures all of it; the product links none of it but the
//     load generator.
//   - internal holds common parts of the rooms.
//
// docs/architecture.md follows one order and states the guarantees;
// docs/glossary.md defines the terms. This package contains no code, only the
// tests of the architecture: they fail for a package without a row in the table
// of imports.
package amends

//go:generate scripts/buf.sh generate
