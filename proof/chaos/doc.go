// Package chaos breaks a whole platform while it takes orders, and judges what
// became of them.
//
// # What runs
//
// Real processes of the built binary: the API, a worker per service, two for
// order; PostgreSQL with a database and a role for each service; the Temporal
// server on a PostgreSQL of its own. Every connection of the API and the workers
// goes over a line of its own ([toxiproxy]) that can be cut and made to swallow
// what it carries.
//
// # A run
//
//  1. Faults: customers place orders, evenly over the time, with every token,
//     postal code and kind of product that ends differently; they repeat what was
//     not answered with the same key, some place the same order several times at
//     once and again later, some cancel while the saga runs. Each answer that
//     acknowledges an order is written to a file before anything else happens.
//     Meanwhile the schedule's faults are done to the platform.
//  2. Quiet: nothing is broken any more. Every order must be decided soon.
//  3. Judgement: the outcome of every order is one that its own circumstances
//     allow, the invariants hold over all databases and the two books outside, no
//     effect was doubled, every saga's history replays with the code of this tree.
//
// What is done, to whom and when is drawn from the seed before anything starts:
// the same seed is the same schedule and the same customers. What the platform
// makes of it is not repeatable, as always with real processes: run a failing
// seed again, several times.
//
// # How a fault is known to have hit
//
// A schedule says only what was tried. A fault counts when its effect was seen,
// and a run in which a kind of fault never hit is invalid, which is a failure:
//
//   - kill: the system says of the process, which ran until then, that it ended by
//     SIGKILL; PostgreSQL, whose end only its shell sees, is also asked whether its
//     start was a recovery from a crash, by its log.
//   - stop: the system calls the process stopped, after the signal and still just
//     before it may go on, and more than the longest start-to-close of its steps
//     lies between.
//   - cut: at least one connection was open on the line, all were reset, and the
//     victim opened another one afterwards.
//   - hole: at least one byte was swallowed. A hole stays until one was.
//   - prices: the catalog's own tool said that it imported, and the new price is in
//     the database.
//   - cancel: it met a saga under way: the order was then cancelled for that reason.
//   - duplicate: placements of one key that were made at once were all
//     acknowledged, as the same order.
//
// That attempts were really lost on the way, and that some of them ended too late,
// as zombies, is counted where nobody can be wrong about it: in the histories, as
// attempts that the engine timed out at their start-to-close, and in the workers'
// logs, where they say that what they finished was given up on. A run without any
// is invalid, too.
//
// # A run beside the doctor
//
// Runs with an odd seed have the doctor make its round every ten seconds, with
// hardly any grace, and repair what it thinks is wrong: while the engine is away, or
// has not listed a saga yet, it must take up nothing that is not gone. In the end
// of every run `amends doctor` is asked, and must find nothing.
//
// # That it would find something
//
// [Plant] damages a database on purpose. A test does so with every kind of damage,
// and demands that the invariants and the doctor each call it by its name;
// `make chaos PLANT=held-stock` is a whole run that must fail.
//
// # What is kept
//
// A run that fails keeps its folder and says where it is: schedule.json and
// orders.json, what was to happen; acknowledged.jsonl, what customers were told;
// logs, a file for each start of each process; histories, for `amends replay`;
// postgres and engine-postgres, the databases; report.json, with the seed.
//
// # How long a recovery takes
//
// BenchmarkRecovery kills a worker in the middle of an attempt, PostgreSQL and the
// engine, starts each again at once, and measures what customers see of it, with
// the timing that the product comes with: `make recovery REPEATS=10`.
//
// [toxiproxy]: https://github.com/Shopify/toxiproxy
package chaos
