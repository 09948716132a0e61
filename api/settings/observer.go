package settings

import (
	"time"

	"github.com/amends/amends/api/edge"
	"github.com/amends/amends/api/legacy"
)

// Observer gets events of requests, for metrics. Its functions must not block.
type Observer struct {
	// Request is called after every request.
	Request func(edge.Observation)
	// Limited is called for a request without room in a quota; shadow: it passes.
	Limited func(class, quota string, shadow bool)
	// Placed is called with the style of each new order, and the time until it was stored.
	Placed func(style string, took time.Duration)
	// Deprecated is called for each call of a deprecated operation.
	Deprecated func(operation, consumer string)
	// Routes has the events of routes that lead to a program behind the gateway.
	Routes legacy.Observer
}

// Unobserved returns an observer that drops all events.
func Unobserved() Observer {
	return Observer{
		Request: func(edge.Observation) {}, Limited: func(string, string, bool) {}, Placed: func(string, time.Duration) {}, Deprecated: func(string, string) {},
		Routes: legacy.Observer{Answered: func(string, string, int, time.Duration) {}, Compared: func(string, string) {}, CutBack: func(string) {}},
	}
}
