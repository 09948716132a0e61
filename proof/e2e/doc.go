// Package e2e tests the whole platform against a real Temporal dev server: once
// in one process, so that a test can look into every service's books, and once
// as the processes that a user runs.
package e2e
