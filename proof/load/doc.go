// Package load places orders against a running platform, waits until each is
// decided, and says what that cost in time and whether every order ended as it
// had to.
//
// # What is placed
//
// The n-th order of a seed is always the same order: its kind, products,
// quantities, customer and payment token are drawn from the seed and n alone. Only
// its Idempotency-Key is of one run, so that a repeat places new orders instead of
// finding the old ones. A [Mix] says how many of them are to fail, and how.
//
// # What is measured
//
// All latencies begin when an order was meant to be placed. At a constant rate
// (an open loop) that is its place in the schedule, whether or not it could be
// sent then: a platform that stalls for a second is charged with that second by
// everybody who came in it, so coordinated omission is accounted for. In a closed
// loop, where each of so many customers places an order when the last one is
// through, there is no schedule: it is the moment of sending, and who would have
// come during a stall did not. [Report.CoordinatedOmission] says which it was.
//
// The acknowledgement is what the client saw: up to the 202 that says that the
// order is durable, retries and their pauses included.
//
// The decision is known in two ways, which are never mixed:
//
//   - [Report.Decision] is what the client saw, by asking with `Prefer: wait`:
//     the truth of a customer, with the network and the platform's long poll in
//     it. A request that waits cannot also measure the acknowledgement, so the
//     orders of [Options.Sample] are placed without waiting and then asked for
//     once more. That costs one request more, which the platform works for.
//   - [Report.Recorded] costs no request while the load runs: the acknowledgement,
//     as the client saw it, and then the time that the order itself has from
//     created_at to updated_at. Both stamps are the platform's, so the clocks of
//     the two machines need not agree. It overstates by the way back of the
//     acknowledgement, as created_at lies before it.
//
// Polling is neither: it adds half its interval to every order and a query of the
// order's workflow to the load. Orders are polled for only when all are placed.
//
// # What is checked
//
// Every answer that named an order is remembered. In the end each order is asked
// for, and a [Violation] names the one that was lost, doubled, refused, is
// undecided or was decided otherwise than its kind and the answer to its cancel
// allow, see [Report.Err].
package load
