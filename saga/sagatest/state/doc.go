// Package state describes the state of a workflow run, so that two runs can be
// compared.
//
// A workflow is deterministic: all that it was given, with the times and in that
// order, is its state. [Run] notes that, except for the ids and times that differ
// between two runs without a meaning, see [Aliases].
package state
