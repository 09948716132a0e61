// Package skew proves that no order depends on the clock of a host: it runs the
// platform with the clock of one process, or of the engine, 15 minutes off.
//
// The tests put a proxy between a process and a real engine, which moves every time
// that the engine tells. On request (see TestWholeProcesses) real processes run with
// a clock that is off, and the test prints the outcome of an order for each.
package skew
