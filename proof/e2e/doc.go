// Package e2e tests the whole platform against a real Temporal dev server: in one
// process, so that a test can read every service's ledger, and as the processes
// that a user runs.
package e2e
