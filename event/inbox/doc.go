// Package inbox runs listeners: it hands the events of a bus to the group's handler,
// once in effect and in order per key, and keeps apart those that fail.
//
// # Overview
//
// A [Group] is a listener that runs: a reaction ([React]) calls a step of its own
// service for each event; a projection ([Project]) writes rows for up to 200 events in
// one transaction. The events of a batch are spread over lanes by the hash of their
// key: in order inside a lane, the lanes in parallel. No lane waits for a failure to
// pass. An event that fails goes into the listener's database as a letter (package
// waiting) and is acknowledged; later events of its key join it there, in order, and
// other keys go on. So does an event whose handler takes longer than Patience, which is
// left running. A runner handles the letters that are due, key by key.
//
// # Failure handling
//
// The kind of a handler's error decides:
//
//	nil, business, suspended   the outcome: handled
//	transient, unknown, other  tried again without limit, at last every 5 min;
//	                           flagged after 2 min
//	bug, a panic               parked: a dead letter, its key waits behind it
//
// An urgent event overtakes the letters of its key, but not an attempt that is under way.
// A message that is no event is a dead letter with a key of its own. An event
// that cannot be handled because the listener's database is away cannot be kept there
// either: the batch is not acknowledged, and the bus delivers it again.
//
// # Once
//
// The bus delivers at least once. A repeat of a reaction finds the row of its step in
// the barrier, so a reaction needs no row here. A projection records the ids of its
// events in the transaction of their effect. Both drop an event that has or had a
// letter: it was kept, so the letter decides.
//
// # Several processes
//
// One process at a time handles the events of a group, its letters included. It holds
// the group's lease (see package lease); the others wait, and take over when it stops
// or its beat does. Sharing the keys of a group among processes would need a bus that
// binds keys to consumers, and NATS does not; a listener is limited by its database, not
// by its process.
//
// A process that was frozen may still be inside a handler when another one has taken
// over and gets the same event again. The repeat is harmless as every repeat is: it waits
// for the first in the barrier or in the table inbox, and finds its row. A later event
// of the key begins only after the repeat has ended or is kept as a letter, so the first
// effects of a key keep their order. The frozen process cannot write letters, because
// each change of them checks the lease under its lock. It acknowledges only batches all
// of whose events it has handled or kept, so a late acknowledgement loses none.
package inbox
