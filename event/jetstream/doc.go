// Package jetstream is the [event.Bus] on NATS JetStream.
//
// One stream, [Stream], stores all events in files, each under the subject
// evt.<service>.<fact>.all, or evt.<service>.<fact>.<style>.all if it has a style; the key
// is a header, because the server keeps each subject of a stream in memory. A group of listeners is a durable pull consumer of the same
// name, to which the server delivers the subjects of its topics only.
//
// # Order
//
// A broker that gives two processes of a group a message each breaks the order per key.
// So one process of a group consumes at a time: the server pins the group to it, and
// picks another one when it has stopped, or has been silent for longer than the server
// waits for acknowledgements. A process that has lost its connection has its pin still when
// it is back before. A pin does not survive a restart of the server, and a delivery can be
// lost with a connection; therefore a batch is handled only when the group has no
// unacknowledged message beyond it. A batch that fails is handled again by the process that
// has it, before anything behind it.
//
// # Limits
//
// The outbox is the record of the events, not the broker: the stream discards its oldest
// messages by age, and by size where a limit is configured, and never refuses new ones
// for that. Every call has a time limit, and nothing is buffered while the connection is
// lost: publishing then fails at once.
package jetstream
