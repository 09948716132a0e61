// Package amends is the root of a saga platform: a customer places an order over
// HTTP, a Temporal workflow drives it durably through services that each own
// their own database, and when something fails every effect is undone, exactly
// once.
//
// api asks, workflows decide, activities adapt, services act, worker runs — and
// saga is the machine they share:
//
//   - cmd/amends is the one binary.
//   - api is HTTP; it has no database and no business rule.
//   - workflows holds the order saga, readable as the business process.
//   - activities turns a step into a call of a service, and a fault into what
//     Temporal retries or does not.
//   - services/X owns its rules and, in services/X/store, its rows. It knows
//     neither Temporal nor HTTP.
//   - worker runs all of that.
//   - saga, saga/barrier, saga/sagatest and fault are for everybody who wants to
//     write another saga; the examples directory shows one.
//
// docs/architecture.md tells one order's journey and what is guaranteed. This
// package holds no code, only the tests of the architecture: a package without a
// place in the layer table does not pass them.
package amends
