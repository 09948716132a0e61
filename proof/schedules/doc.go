// Package schedules runs the order saga under every schedule of faults, with the
// real workflow, activities, services, stores and simulators (see saga/sagatest).
// It runs without the race detector, under which SQLite is 13 times slower.
//
//	go test ./proof/schedules -faults 2 -sample 0   every schedule of up to two faults
//	go test ./proof/schedules -schedule 'CALL=KIND' one schedule again
//	go test ./proof/schedules -run Express -express.sample 0   every one, of orders with express steps
package schedules
