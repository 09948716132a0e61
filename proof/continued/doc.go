// Package continued proves that a deployment is safe for orders in flight: every
// golden history is cut at every workflow task, and the code of today takes the
// saga from there to its end.
//
// A replay shows that today's code makes the commands that were recorded. It does
// not show that an order ends right that one version began and another one ends:
// a step that the old code left to the new one and the new one believes done
// replays at full length, and is missing from every order in flight.
//
// Here a real worker of the SDK runs the workflow, and the tests are its server:
// frontend_test.go speaks to it, engine_test.go writes the events that a server
// would, world_test.go makes happen what a history believes has happened, and
// right_test.go says from what was recorded, not from what the code does, how the
// order must end.
package continued
