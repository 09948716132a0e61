// Package saga runs sagas on Temporal. A saga is a chain of local transactions in
// several services: either all of them take effect, or all of them are undone.
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
// A [Step] is data. On the worker's side, [Bind] joins it with its do and its undo.
// In the workflow, [Do] takes a step and waits; [Go] takes it in parallel. The saga
// travels in the context that [Run] gives to the body.
//
// # Kinds of steps
//
//   - A [Recorded] step makes a decision, such as a price. Its service stores the
//     answer, so every repeat gets the same one.
//   - A [Compensatable] step has an undo.
//   - The [Pivot] is the point of no return; a plan has at most one. Before it
//     everything can be undone, after it the saga only goes forward. Instead of an
//     undo it has a settle, which learns whether it happened or blocks it.
//   - A [Closing] step comes after the pivot, or after all undo. It cannot fail for a
//     business reason. In a plan without a pivot, the first closing step is the point
//     of no return.
//
// The saga passes the point of no return only when no earlier step is under way.
//
// A step that a saga takes several times, such as the rooms of a trip, is [Step.Nth] of
// one step.
//
// # Callers
//
// A program that has a Temporal client sees a saga with [Show], waits for its end with
// [Wait], and asks for its abort with [Cancel] or for a repair with [RepairStep].
//
// # Express steps
//
// A step costs the engine a task queue, four events and a workflow task of its own. In
// an express saga (see [Options.Express]) the worker that runs the workflow makes the
// first try of a step itself, within the workflow task: [BindTry] tells it how to call
// the step's service. If the try does not succeed at once, the step goes the durable way
// under the same key. So a saga whose services answer is one workflow task, and any other
// one ends as it would without express steps.
//
// # Duties of a service
//
// A do, an undo and a settle may be called any number of times, in any order, late,
// and by several workers in parallel. The key of a step contains no run id and no
// attempt, so the service recognizes the step. It must guarantee: a do takes effect
// at most once per key and always answers the same; an undo of a step that never
// happened succeeds and blocks the key; a do of a blocked key fails with a fault of
// kind Suspension. Package saga/barrier does this for services on GORM.
//
// # State model
//
// A saga moves through these phases:
//
//	forward ─┬────────────────────────────────────→ completing → committed
//	         └→ settling ─┬─ the pivot happened ───↗
//	                      └─ it is blocked → undoing → aborted
//
// It is aborted when, before the pivot is scheduled, a step is refused, the body
// returns an error, [UpdateCancel] or a Temporal cancel request arrives, or
// [Options.DecideBy] passes. Once the pivot is scheduled, its outcome decides. With
// [Options.Against] the saga is aborted from the start, which resumes a saga whose
// workflow is lost. Undoing begins with [Options.Decided], if the saga has one.
//
// # Guarantees
//
//  1. Undo covers the plan. Every compensatable step of the plan is undone except
//     those refused in this run: started steps in reverse start order, parallel
//     branches in parallel. A step that this run never started is undone too,
//     because an earlier run (before a reset) may have started it, and because a
//     late attempt must find its key blocked.
//  2. Nothing is undone before the pivot is settled. If it happened, the body runs
//     again and the saga goes forward, whatever aborted it. Steps that this run has
//     done are not called again; the services answer the others from their records.
//  3. Nothing is undone before the decision is recorded, if the saga has
//     [Options.Decided]. A later run finds steps undone and cannot tell the reason
//     from them, nor which of them an operator has waived. The record can: the later
//     run ends for the first run's reason and leaves waived steps alone.
//  4. A saga never fails. Its result is its final [View].
//
// # Failure handling
//
// Services answer with faults (package fault). The kind of a fault decides:
//
//	kind        before the pivot          pivot                 closing, undo, settle
//	business    undo, with that reason    refused: undo         a bug
//	transient   retry until decide-by     retry without limit   retry without limit
//	unknown     the retry asks first      the retry asks first  the retry asks first
//	suspended   undo                      settle                done
//	bug         undo, flag                flag, retry slowly    flag, retry slowly
//
// A step that makes no progress for [Timing.ParkAfter] is flagged (one with a
// [Step.Heartbeat] may take longer, as long as it gets further): in the view, in
// the search attribute [Options.NeedsAttention], by [Options.Notice] and in the
// counter amends_saga_flagged. A flag of kind unknown means that the call may have
// taken effect; the saga does not guess. One activity, which costs no history,
// retries the step without limit: before the pivot every [Timing.RetryMax] until
// decide-by, later ever more slowly up to [Timing.ParkedRetry]. So the step recovers
// by itself when its service does. A saga with a flagged step does not end.
//
// [UpdateRepair] is for a flagged step that does not recover. A retry calls it again
// at once. A skip gives up on its undo: a [Waiver] records operator, reason and
// exposure, and undo goes on without the step. An attempt under way is waited for
// and counts. Only an undo can be skipped, and one of money only with a reference to
// the remedy. Every repair is in the view, in the history and in the counter
// amends_saga_repaired.
//
// Non-determinism and panics block the workflow task until correct code is
// deployed; nothing is lost meanwhile. The kernel panics when the body breaks the
// rules of its steps' kinds.
package saga
