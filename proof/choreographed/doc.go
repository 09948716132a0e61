// Package choreographed proves the choreographed saga of an order: the real listeners,
// services, stores and simulators on a broker that delivers in a fixed order, one event
// after the other, and fails where a test says so.
package choreographed
