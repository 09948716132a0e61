// Package event is the vocabulary of what services tell each other after the fact.
//
// A service tells a [Fact] in the transaction of its cause: the row of the outbox
// commits with the effect or not at all (package outbox). A relay publishes the rows
// on a [Bus], which keeps them for every group of listeners. Each group hears every
// event at least once and, per key, in the order of the commits; the inbox of the
// listener (package inbox) makes "at least once" once in effect.
//
// Events are CloudEvents 1.0 in binary mode
// (https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md). They hold ids
// and amounts, never names, addresses or tokens: whoever needs more asks the owner.
//
// The package imports the standard library and package fault only, so that services
// may declare their facts with it.
package event
