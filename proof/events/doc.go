// Package events proves that each event is handled once in effect and in order per key,
// whatever dies, freezes or is cut off between the commit that tells it and its effect.
//
// The parts of the platform are real processes: a broker, and beside a SQLite file and a
// PostgreSQL server a teller, a relay and a listener each. A teller calls steps through
// the barrier; each raises a counter of its key and tells of it in the same transaction,
// so the numbers of a key are the order of its commits. Each listener runs a reaction,
// whose step goes through the barrier, and a projection, and each of these groups hears
// both services. Their effects are rows without any constraint, so that a doubled or a
// misplaced one shows.
//
// The moments and victims of the faults are drawn from a seed; the reaction of the
// processes differs from run to run. A process is killed, frozen or cut off only after it
// has worked since its start, and while events are told. The time limits of leases and
// acknowledgements are a tenth of those of the product, so that the proof takes minutes.
package events
