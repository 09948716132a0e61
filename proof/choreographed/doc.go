// Package choreographed proves the choreographed saga of an order: the real listeners,
// services, stores and simulators under every schedule of faults (see
// event/eventtest/explore), and on single paths. It runs without the race detector, under
// which SQLite is 13 times slower.
//
//	go test ./proof/choreographed -faults 2 -sample 0    every schedule of up to two faults
//	go test ./proof/choreographed -schedule 'CALL=KIND'  one schedule again
package choreographed
