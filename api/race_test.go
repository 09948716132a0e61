//go:build race

package api

// raceEnabled tells that the race detector slows the code down.
const raceEnabled = true
