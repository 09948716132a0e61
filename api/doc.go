// Package api is the HTTP face of amends: it checks what a client sends, asks
// Temporal, and answers. It has no database and no business rule.
//
// # Contract first
//
// contract/openapi.yaml is the truth. The routes, the models and the Go client are
// generated from it, request bodies are checked against its schemas (a schema
// that is changed there is enforced here), and /openapi.yaml and /docs serve it.
//
// # Placing an order
//
// The order's id is derived from the customer and the Idempotency-Key, so a
// repeated request is the same workflow. One Update-With-Start both starts it and
// waits until the order is in the order service's database; the update's id is a
// constant, so every repeat gets the first call's outcome. That outcome carries
// the fingerprint of the body and the nonce of the call that placed the order:
// another nonce is a replay, another fingerprint is another request with a used
// key, which is refused.
//
// A client that gets 503 learns whether anything was started: UNAVAILABLE is
// answered only if the engine was asked for nothing, or refused; everything else
// that is not an answer is PLACEMENT_UNKNOWN, with the order's Location.
//
// # Reading and cancelling
//
// An order is read from its workflow. When no worker answers, the engine's own
// knowledge is served (source "engine"), so that a reader gets an answer within
// two seconds whatever the workers do. A cancel is an update of the workflow with
// a constant id: cancelling twice is one cancel.
//
// # Repairing
//
// What an operator may do has a contract of its own, admin.yaml, because it is
// served on another address: [NewAdmin]. A repair is an update of the workflow
// too. The operator is the one whose token it is, so the request cannot say
// otherwise, and its update's id is derived from the whole request and its
// Idempotency-Key. An acknowledgement is of an order whose workflow is closed, so
// a short workflow of its own makes it, and its answer is the record's (source
// "record").
//
// What operators are called, said and referred to is theirs: the admin address
// shows it, the API's own answers do not.
package api
