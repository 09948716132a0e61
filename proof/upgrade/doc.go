// Package upgrade follows docs/upgrading.md with real processes: the binary of the last
// release, built from its commit, starts orders of every kind, this build takes over under
// load, and goes back. `make upgrade` runs it:
//
//	go test ./proof/upgrade -tags whole -v -timeout 60m [-from COMMIT]
//
// The tests need git, and some minutes to build both releases. Databases are SQLite files,
// the engine is the dev server. The services on which no order depends (user, notification,
// support, query) do not run.
package upgrade
