// Package alerts records the metrics of whole processes with a planted fault, and of a
// healthy platform, for the tests of the alerts below deploy/observability:
//
//	go test ./proof/alerts -tags record -parallel 11 -timeout 40m
//
// Every fault is real: a worker is killed, a row is damaged, a database is locked, the
// engine is stopped. Only the series that the alerts read are kept. An hour of a healthy
// platform, on a machine that has nothing else to do:
//
//	go test ./proof/alerts -tags record -run TestRecord/healthy -healthy 1h -every 15s -timeout 70m
package alerts
