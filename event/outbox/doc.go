// Package outbox publishes events exactly as the transactions that told them commit.
//
// # Overview
//
// [Tell] writes an event into a table of the service's own database, in the transaction
// of its cause: it commits with the effect or not at all. A [Relay] publishes the rows
// on a broker and keeps them for some days. So the outbox, not the broker, is the record.
//
// # Guarantees
//
//  1. Every event that was committed is published at least once; usually once. An event
//     keeps its id, by which listeners recognise a repeat.
//  2. Events of one key are stored by the broker in the order of their ids, except for
//     repeats. That is the order of the commits if Tell follows the statement that locks
//     the aggregate's row.
//
// The relay reads the set of unpublished rows and never a position: ids are drawn before
// the commit, so a transaction that commits late would be behind any position. Of each
// key at most one event is on its way to the broker, so a failed one is never overtaken.
//
// # Failure handling
//
// Without a broker the rows wait, and services go on. A broker that was cut off from its
// power may have lost its newest messages although it had confirmed them. So the relay
// compares the broker's message at its largest position with its row, at the start,
// after each failure and with every poll, and publishes again the rows behind the newest
// one that the broker still has. The broker must keep messages for as long as the outbox.
//
// A row that the broker refuses for good is dead: it keeps the error and is not tried
// again. Later events of its key go on. They would have waited for ever, unseen by the
// listeners, and [Tell] has refused the events that a broker is known to refuse.
//
// Of the relays of one service that publishes which holds the lease in its database (see
// package lease). A process that was frozen may publish once more beside its successor;
// that costs repeats, and listeners ignore those.
package outbox
