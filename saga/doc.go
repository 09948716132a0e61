// Package saga runs sagas on Temporal: a chain of local transactions in several
// services, all of which take effect, or all of which are undone.
//
// # Overview
//
// A saga is a function that takes steps:
//
//	var plan = saga.NewPlan(reserveSeat, chargeCard, sendTicket)
//
//	func BookTrip(ctx workflow.Context, in Trip) (saga.View, error) {
//		return saga.Run(ctx, saga.Options{ID: in.ID, Plan: plan}, func(ctx workflow.Context) error {
//			seat, err := saga.Do(ctx, reserveSeat, in.Flight)
//			if err != nil {
//				return err
//			}
//			if _, err := saga.Do(ctx, chargeCard, seat.Price); err != nil {
//				return err
//			}
//			_, err = saga.Do(ctx, sendTicket, seat)
//			return err
//		})
//	}
//
// [Step] values are data. On the worker's side [Bind] joins a step with the
// function that does it and the one that undoes it. [Do] takes a step and waits,
// [Go] takes it in parallel. The saga travels in the context that [Run] gives to
// the body, because a workflow.Context belongs to its coroutine.
//
// # Kinds of steps
//
// A [Compensatable] step has an undo. The [Pivot], of which there is at most
// one, is the point of no return: before it everything can be undone, after it
// the saga only goes forward. [Closing] steps come after the pivot, or after all
// undo (see [Options.Aborted]); they cannot fail for a business reason, and in a
// plan without a pivot the first of them is the point of no return. The saga
// passes that point only when no step before it is under way any more. A
// [Recorded] step decides something, such as a price, and the service stores it,
// so that nothing can be decided twice in two ways.
//
// # What a service must give
//
// Every do, undo and settle may be called any number of times, in any order,
// late, and by several workers at once. The key of a step never contains a run
// id or an attempt, so the service can tell: one key is done at most once and
// always answers the same; undo of what never happened succeeds and blocks the
// key, so that a late do is refused with a fault of kind Suspension. Package
// saga/barrier is exactly that, for services on GORM.
//
// # States
//
//	forward ─┬─────────────────────────────────────────────→ completing → committed
//	         └→ settling ─┬─ the pivot happened ──────────────↗
//	                      └─ it did not, and is blocked → undoing → aborted
//
// Undoing begins with [Options.Decided], if the saga has one: the decision is made
// durable, and this run learns what earlier ones have left.
//
// A saga is decided against when a step is refused, the body returns an error,
// [UpdateCancel] or a Temporal cancel request arrives, or [Options.DecideBy]
// passes, all of them before the pivot is scheduled. From then on a cancel and
// the deadline are only wishes that the pivot's outcome decides. With
// [Options.Against] it is decided against from the start: so a saga whose
// workflow was lost is taken up again.
//
// # Guarantees
//
// Undo covers the plan, not this run's stack. Every compensatable step of the
// plan is undone except those refused in this run: what this run started in
// reverse start order, parallel branches in parallel, and what it never started
// too, because an earlier run of the same saga (before a reset) may have, and
// because a late attempt must be fenced.
//
// Nothing is undone before the pivot is settled: blocked for ever, or found to
// have happened. In the latter case the body runs again and the saga goes
// forward, whatever stopped it; steps that this run has done are not called
// again, all others answer what their services have recorded.
//
// Nor is anything undone before the decision is recorded, in a saga that records
// it with [Options.Decided]. A later run finds steps undone and cannot tell from
// them why, or which of them a person has settled otherwise; the record can. So it
// ends for the first run's reason, and leaves alone what was waived.
//
// A saga never fails. Its result is its final [View].
//
// # Failures
//
// Services answer with faults (package fault), whose kind decides:
//
//	kind        before the pivot          pivot                 closing, undo, settle
//	business    undo, with that reason    refused: undo         a bug
//	transient   retry until decide-by     retry without limit   retry without limit
//	unknown     the retry asks first      the retry asks first  the retry asks first
//	suspended   undo                      settle                done
//	bug         undo, flag                flag, retry slowly    flag, retry slowly
//
// What makes no progress for [Timing.ParkAfter] is flagged: in the view, in the
// search attribute [Options.NeedsAttention], by [Options.Notice] and in the
// counter amends_saga_flagged. A flag of kind unknown says that nobody knows
// whether the call took effect; nothing is guessed. The step is retried without
// limit, in one activity that costs no history, and heals by itself: before the
// pivot every [Timing.RetryMax] until decide-by, later ever more slowly up to
// [Timing.ParkedRetry]. A saga with a flagged step does not end.
//
// # Repair
//
// [UpdateRepair] is for what does not heal by itself. A retry calls a flagged step
// again at once. A skip gives up on undoing it: a [Waiver] records who did, why
// and what was owed, and undo goes on without the step. An attempt that is under
// way is waited for and counts. Only an undo can be skipped, and one of money only
// with a reference to what was done instead. Every repair is in the view, in the
// history and in the counter amends_saga_repaired.
//
// Panics (of the body, or for a body that breaks the rules of its steps' kinds)
// and non-determinism block the workflow task until code that is right is
// deployed. Nothing is lost meanwhile.
package saga
