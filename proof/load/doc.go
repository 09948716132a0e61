// Package load places orders against a running platform, waits until each is
// decided, and reports the latencies and whether every order ended as it had to.
//
// # Orders
//
// The n-th order of a seed is always the same order: its kind, products,
// quantities, customer and payment token are drawn from the seed and n alone. Only
// its Idempotency-Key is of one run, so that a repeat places new orders instead of
// finding the old ones. A [Mix] says how many of them are to fail, and how.
//
// # Measurements
//
// All latencies begin when an order was meant to be placed. At a constant rate (an
// open loop) that is its place in the schedule, whether or not it could be sent
// then: a stall of a second is charged to every order that came due in it, so
// coordinated omission is accounted for. In a closed loop, where each of a number
// of customers places an order when the last one is through, there is no schedule:
// latencies begin when the order is sent, and no customer comes during a stall.
// [Report.CoordinatedOmission] says which loop it was.
//
// The acknowledgement is the client's view: up to the 202 that says that the order
// is durable, retries and their pauses included.
//
// The decision is known in two ways, which are never mixed:
//
//   - [Report.Decision] is the client's view, by asking with `Prefer: wait`: the
//     truth of a customer, with the network and the platform's long poll in it. A
//     request that waits cannot also measure the acknowledgement, so the orders of
//     [Options.Sample] are placed without waiting and then asked for once more.
//     That costs one more request, which the platform has to serve.
//   - [Report.Recorded] costs no request while the load runs: the acknowledgement,
//     as the client saw it, plus the order's own time from created_at to
//     updated_at. Both stamps are the platform's, so the clocks of the two machines
//     need not agree. It overstates by the way back of the acknowledgement, as
//     created_at lies before it.
//
// Polling is neither: it adds half its interval to every order and a query of the
// order's workflow to the load. Orders are polled for only when all are placed.
//
// # Checks
//
// Every answer that named an order is remembered. At the end each order is asked
// for, and a [Violation] names each one that was lost, doubled, refused, is
// undecided or was decided otherwise than its kind and the answer to its cancel
// allow; see [Report.Err].
package load
