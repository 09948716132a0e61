// Package api assembles the HTTP faces of amends: the public address for clients, and
// the admin address of every process for operators. It checks requests, asks the engine,
// and answers; it has no database and no business rule.
//
// # Contract first
//
// The documents in package contract are the truth. The routes, the models and the Go
// client are generated from them, request bodies are checked against their schemas (a
// changed schema is enforced here at once), and /openapi.yaml and /docs serve them;
// /asyncapi.yaml has the facts that services tell. The table in routes.go has one row for
// each operation, and all that the server does besides calling its handler follows from it.
//
// # The way of a request
//
// Package edge gives it an id, logs it, and checks its host, its origin and its headers. The
// packages below edge know its caller, whose token they check once, limit callers, and let questions give way. Package
// body reads it, and package parameter its query; orders or operator answer it through
// internal/orders or from the read model, shop through the services, of whose answers gather
// makes one, live with a stream; problem turns every error into an answer.
//
// # Placing an order
//
// The order's id is derived from the account, or the guest, and the Idempotency-Key, so a repeated
// request addresses the same order: it is answered with Idempotency-Replayed, and a used
// key with another body is refused. A new order is answered when its record is there, with
// the record (source "record"), if the order service can be called; see [WithOrders].
//
// A client that gets 503 learns whether anything was started: UNAVAILABLE is answered
// only if it is a fact that the engine was not asked, or refused every attempt of the
// call; every other failure is PLACEMENT_UNKNOWN, with the order's Location.
//
// # Reading and cancelling
//
// An order is found by its owner only: the account that placed it, or the guest who has
// its claim. docs/adr/0056 says why.
//
// A decided order is read from the read model (source "read_model"), without the engine,
// and also after its retention. An undecided one is read from its workflow. While no worker
// answers, the engine's own knowledge is served (source "engine"), and at last the read
// model's, so that a client gets an answer within two seconds whatever is down. Only the
// read model can be older than what a client has seen: a client that says what it has seen is
// told, see docs/lists.md. Cancelling twice is one cancel. While a workflow task
// takes the express steps of an order, for three seconds at most, its workflow answers
// neither; the cancel then is most often past the pivot.
//
// # Asking services
//
// Questions about products, stock and the parts of an order's overview are calls of the
// services. An API that is not configured where they answer, or whose services do not
// answer, refuses them with 503, or leaves the part out; orders are placed all the same.
//
// # Accounts
//
// Package users answers them through the user service, and package session, below edge,
// proves the account that a request comes from. A cookie of a browser is turned into the token
// that other clients send, so what follows knows one way only.
//
// # Repairing
//
// The operations of operators have a contract of their own, admin.yaml, because they are
// served on another address: [NewAdmin]. The operator is identified by a token, so a
// request cannot name another one. An acknowledgement is about an order whose workflow
// is closed, so the answer is the record's (source "record").
//
// The names, words and references of operators are shown on the admin address only.
package api
