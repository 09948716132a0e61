// Package alerts records the metrics of whole processes with a planted fault, and of a
// healthy platform, for the tests of the alerts below deploy/observability:
//
//	go test ./proof/alerts -tags record -parallel 9 -timeout 40m
//
// Every fault is real: a worker is killed, a row is damaged, a database is locked, the
// engine is stopped. Only the series that the alerts read are kept.
package alerts
