// Package query is the read model: orders and products as other services have told
// them, found and listed in milliseconds. It never acts, it asks no service, and it tells
// no facts, so it answers while everything else is down.
//
// # State
//
// A generation is a whole read model. One is current and answers; a rebuild loads the
// next one beside it and switches in one transaction, see package store. Facts are applied to
// both meanwhile.
//
//   - An order has the view that its owner told last, its lines, the words by which it is
//     found, and a timeline: one row for each fact about it.
//   - A product has its stock in each warehouse.
//
// # Invariants
//
//   - A row has the highest version that was told of it, whatever the order and the number
//     of tellings. A state fact is compared with the row in the transaction that changes it.
//   - A fact stands once in the timeline of an order.
//   - An order that was read at one version is never read at an older one, also after a
//     switch of generations.
//   - There is no personal data: facts have none.
//
// # Do and undo
//
// Nothing of the service is a step of a saga.
package query
