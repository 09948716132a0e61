// Package stage runs a saga under one schedule of faults.
//
// A [Stage] holds a [Subject]: the real workflow, activities and services. The
// workflow runs in Temporal's test environment, but the stage stands in for
// Temporal's matching and retries: it makes every attempt of every activity in the
// workflow's own thread, one after the other, in an order that follows from the
// schedule alone. A run has no races, so a failing schedule fails again. Time is
// the test environment's; only the services take real time.
package stage
