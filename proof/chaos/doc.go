// Package chaos breaks a whole platform while it takes orders, and judges how the
// orders ended.
//
// # The platform
//
// The processes are those of the built binary: the API, a worker per service, two
// for order, also those of accounts, of the read model and of notifications; the broker of events; PostgreSQL with a database and a role for each service; the Temporal
// server on a PostgreSQL of its own. Every connection of the API and the workers
// goes over a line of its own ([toxiproxy]), which can be cut and made to swallow
// its traffic, except for the calls between them: API and order workers call the services
// directly, so the orders are express.
//
// # A run
//
//  1. Faults: customers place orders, evenly over the time, with every token,
//     postal code and kind of product that ends differently. They repeat a
//     request without an answer with the same key; some place the same order
//     several times at once and again later, some cancel while the saga runs. Of some
//     confirmed orders support pays back, once and several times at once, also too much.
//     Half of the orders are choreographed, without a workflow.
//     Every other customer has an account, and so an address of mail.
//     Each answer that acknowledges an order is written to a file before anything
//     else happens. Meanwhile the faults of the schedule hit the platform.
//  2. Quiet: no fault is active any more. Every order must be decided soon.
//  3. Judgement: the outcome of every order is one that its own circumstances
//     allow, the invariants hold over all databases and the ledgers of the two
//     external systems, no effect was doubled, and every saga's history replays
//     with the code of this tree. No event waits in an outbox; the broker's stream has
//     every event of the outboxes and no other, apart from repeats in the order of each
//     key; and no result is told by two events. The read model has every order and every
//     shelf as its owner has it. Each account's decided order has one mail in the mailbox of
//     a server of mails, which came after the decision; no other mail is about an order.
//
// All faults, their victims and their times are drawn from the seed before
// anything starts: the same seed is the same schedule and the same customers. The
// reaction of the platform is not repeatable, as always with real processes: run a
// failing seed again, several times.
//
// # Proof of a hit
//
// A schedule lists attempts. A fault counts when its effect was seen, and a run in
// which a kind of fault never hit is invalid, which is a failure:
//
//   - kill: the system says of the process, which ran until then, that it ended by
//     SIGKILL. The end of PostgreSQL is visible to its shell only, so its log must
//     also say that its start was a recovery from a crash.
//   - kill in mid-task: both order workers are stopped, and killed only if one has a
//     workflow task for an order whose key a service has claimed since the task began; else
//     they continue, and are stopped again. Afterwards the histories and the ledgers must
//     agree on a try: its key was claimed during a workflow task that the engine timed out.
//   - stop: the system calls the process stopped, after the signal and still just
//     before it may continue, and the time between is longer than the longest
//     start-to-close of its steps.
//   - cut: at least one connection was open on the line, all were reset, and the
//     victim opened another one afterwards. One of those that lose the broker is a
//     service for which choreographed orders wait, as one of those in a hole.
//   - hole: at least one byte was swallowed. A hole stays until one was.
//   - prices: the catalog's own tool said that it imported, and the new price is in
//     the database.
//   - cancel: it met a saga under way: the order was then cancelled for that reason.
//   - duplicate: placements of one key that were made at once were all
//     acknowledged, as the same order.
//
// A run in which no choreographed order is paid, or none is refused its capture, proves too
// little about the end of orders, and is invalid; so is a long one in which fewer than a fifth of
// them reach the capture. The payment service's facts tell. Some orders of each run are
// decided by the capture alone.
//
// Attempts that were really lost, and zombies that ended too late, are counted at
// reliable sources: in the histories, as attempts that the engine timed out at
// their start-to-close, and in the workers' logs, as finished attempts that the
// engine had given up on. A run without either is invalid, too.
//
// # A run beside the doctor
//
// In runs with an odd seed the doctor makes its round every ten seconds, with
// hardly any grace, and repairs its findings: while the engine is away, or has not
// listed a saga yet, it must not resume a saga that is still there. At the end of
// every run `amends doctor` must find nothing.
//
// # Proof that the judgement works
//
// [Plant] damages a database on purpose. A test does so with every kind of damage,
// and demands that the invariants and the doctor each call it by its name: a lost order,
// a lost event, a doubled mail, a stale read model and others. `make chaos PLANT=held-stock` is a whole run that must fail.
//
// # Files of a failed run
//
// A run that fails keeps its folder and prints its path: schedule.json and
// orders.json, the plan; acknowledged.jsonl, the answers that customers got; logs,
// a file for each start of each process; histories, for `amends replay`; postgres
// and engine-postgres, the databases; report.json, with the seed.
//
// # Time to recover
//
// BenchmarkRecovery kills a worker in the middle of an attempt, PostgreSQL and the
// engine, starts each again at once, and measures the customers' view of it, with
// the default timing of the product: `make recovery REPEATS=10`.
//
// [toxiproxy]: https://github.com/Shopify/toxiproxy
package chaos
