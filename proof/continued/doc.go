// Package continued proves that a deployment is safe for orders in flight: it cuts
// every golden history at every workflow task, and lets today's code take the saga
// from there to its end.
//
// A replay shows that today's code makes the recorded commands. It does not show
// that an order ends right that one version began and another one ends: a step
// that the old code left to the new, and that the new code believes done, replays
// at full length, yet is missing from every order in flight.
//
// Here a real worker of the SDK runs the workflow, and the tests are its server:
// frontend_test.go serves the worker, engine_test.go writes the events that a
// server would, world_test.go rebuilds the effects that a history relies on, and
// right_test.go derives the right end from the recorded events, not from the
// behaviour of the code.
package continued
