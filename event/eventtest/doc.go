// Package eventtest has the suite that every [event.Bus] passes, a Bus in memory for
// the tests of those who publish and listen, and a Bus that fails on purpose.
package eventtest
