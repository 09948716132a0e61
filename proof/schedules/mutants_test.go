package schedules_test

// mutants are the known ways in which sagas lose money.
var mutants = []mutant{
	{
		name: "UndoOnlyWhatSucceeded", file: "saga/undo.go", quick: true,
		was: "if s.state != Refused {", is: "if s.state == Done {",
		by: explore("1"),
	},
	{
		name: "UndoOnlyWhatThisRunStarted", file: "saga/undo.go",
		was: "			s = &stepRun{stepInfo: info, state: Waiting}\n			r.steps = append(r.steps, s)\n", is: "			continue\n",
		by: explore("2", "-sample", "2500"),
	},
	{
		name: "UndoOnTheCanceledContext", file: "saga/run.go", quick: true,
		was: "	ctx, _ := workflow.NewDisconnectedContext(r.outer)\n	ctx = with(ctx, r)\n\n	r.enter(Settling)",
		is:  "	ctx := with(r.ctx, r)\n\n	r.enter(Settling)",
		by:  explore("1"),
	},
	{
		name: "SettleSkipped", file: "saga/run.go",
		was: "if r.settle(ctx) {", is: "if false {",
		by: explore("1"),
	},
	{
		name: "UndoThoughThePivotHappened", file: "saga/undo.go",
		was: "	return a.Happened\n", is: "	return false\n",
		by: explore("1"),
	},
	{
		name: "UndoBeforeSettle", file: "saga/run.go",
		was: "	r.enter(Settling)\n	if r.settle(ctx) {", is: "	r.enter(Settling)\n	r.undoPlan(ctx)\n	if r.settle(ctx) {",
		by: explore("1"),
	},
	{
		name: "EndsWhileABranchIsFlagged", file: "saga/undo.go",
		was: "	r.await(ctx, func() bool { return left == 0 })\n", is: "	r.await(ctx, func() bool { return left == 0 || len(r.attention) > 0 })\n",
		by: explore("2", "-schedule", "shipping.book#1=refuse inventory.reserve.undo#1=away"),
	},
	{
		name: "UndoGivesUp", file: "saga/persist.go",
		was: "	for !final(f) {\n", is: "	for !final(f) && s.state != Undoing {\n",
		by: explore("2", "-schedule", "shipping.book#1=refuse inventory.reserve.undo#1=away"),
	},
	{
		name: "PivotIsCanceled", file: "saga/do.go",
		was: "f := r.patient(rest, q, fault.Business, fault.Suspension)", is: "f := r.patient(ctx, q, fault.Business, fault.Suspension)",
		by: named("./saga", "TestATemporalCancelRequestDoesNotReachAPivotThatIsScheduled"),
	},
	{
		name: "KeyFromTheRun", file: "saga/do.go", quick: true,
		was: "k := r.o.key(s.Name)", is: "k := Key{Saga: r.o.ID, Step: s.Name + workflow.GetInfo(r.outer).WorkflowStartTime.String()}",
		by: explore("1"),
	},
	{
		name: "UnknownIsTakenForRefused", file: "saga/do.go",
		was: "	case f.kind == fault.Business:\n		s.state = Refused\n", is: "	case f.kind == fault.Business, f.kind == fault.Unknown:\n		s.state = Refused\n",
		by: explore("2", "-schedule", "inventory.reserve#1=lost payment.authorize#1=cancel"),
	},
	{
		name: "NoBarrier", file: "saga/barrier/inside.go", quick: true,
		was: "		if !first {\n			answer, err = again(tx, c, tell)\n			return err\n		}\n", is: "		_ = first\n",
		by: explore("1"),
	},
	{
		name: "BarrierInItsOwnTransaction", file: "saga/barrier/inside.go",
		was: "	err := c.transact(ctx, db, func(tx *gorm.DB, first bool) (err error) {\n",
		is: "	var first bool\n" +
			"	if err := txn.Run(ctx, db, func(tx *gorm.DB) (err error) { first, err = insert(tx, c, row{State: Intent}); return err }); err != nil {\n" +
			"		return out, err\n	}\n" +
			"	err := txn.Run(ctx, db, func(tx *gorm.DB) (err error) {\n",
		by: named("./saga/barrier", "TestDo|TestTable"),
	},
	{
		name: "DeclineIsNotSticky", file: "saga/barrier/call.go",
		was: "		first, err := insert(tx, c, *answer)\n", is: "		first, err := true, error(nil)\n",
		by: named("./saga/barrier", "TestDo|TestTable"),
	},
	{
		name: "RefusalKeepsItsFirstLines", file: "saga/barrier/inside.go",
		was: "		if err != nil {\n			return err\n		}\n		return finish(tx, c.Key, out, tell)\n",
		is: "		if refusal != nil {\n			_, err = change(tx, c.Key, &row{State: Refused, Code: refusal.Code, Message: refusal.Message}, Intent)\n			return err\n		}\n" +
			"		if err != nil {\n			return err\n		}\n		return finish(tx, c.Key, out, tell)\n",
		by: named("./saga/barrier", "TestDo|TestTable"),
	},
	{
		name: "UndoForgetsTheKey", file: "saga/barrier/inside.go",
		was: "		won, err := change(txn.Queue(tx, 1), k, &row{State: Undone}, Done)\n", is: "		res := where(tx, k).Delete(&row{})\n		won, err := res.RowsAffected == 1, res.Error\n",
		by: named("./saga/barrier", "TestTable$"),
	},
	{
		name: "UndoOfNothingDoesNotBlock", file: "saga/barrier/inside.go",
		was: "		first, err := block(tx, k, tell)\n		if err != nil || first {\n			return err\n		}\n		r, err := find(locked(tx), k)\n		switch {\n		case err != nil:\n			return err\n		case r == nil || r.State == Intent:\n			return impossible(k, r, \"undo inside\")",
		is:  "		r, err := find(locked(tx), k)\n		switch {\n		case err != nil || r == nil:\n			return err\n		case r.State == Intent:\n			return impossible(k, r, \"undo inside\")",
		by:  explore("2", "-sample", "2500"),
	},
	{
		name: "OutcomeWrittenOverAnUndo", file: "saga/barrier/outside.go",
		was: "won, err := change(tx, k, &r, Intent)", is: "won, err := change(tx, k, &r, Intent, Undone, Blocked)",
		by: named("./saga/barrier", "Test.*(Outcome|Conclude|Table|Outside)"),
	},
	{
		name: "AQueuedWriteIsNotChecked", file: "internal/database/pipeline/conn.go",
		was: "SELECT 1 / (count(*) = %d)::int FROM written", is: "SELECT 1 + (count(*) = %d)::int FROM written",
		by: named("./internal/database/pipeline", "Leaves"),
	},
	{
		name: "AnEffectThatFailsHidesAMissedClaim", file: "saga/barrier/txn/ahead.go",
		was: "		if answer := tx.Exec(\"SELECT 1\").Error; errors.Is(answer, ErrMissed) {\n			return answer\n		}\n", is: "",
		by: named("./saga/barrier", "TestDo"),
	},
	{
		name: "AMissedClaimIsOverlooked", file: "internal/database/pipeline/conn.go",
		was: "	if !c.missed {\n", is: "	if c.missed = false; !c.missed {\n",
		by: named("./internal/database/pipeline", "NothingFollows"),
	},
	{
		name: "AFailedBatchGoesOn", file: "internal/database/pipeline/conn.go",
		was: "		c.failed = err\n", is: "",
		by: named("./internal/database/pipeline", "Leaves"),
	},
	{
		name: "QuoteIsNotRecorded", file: "services/catalog/store/quote.go", quick: true,
		was: "	q, err := barrier.Do(ctx, s.db, call, func(tx *gorm.DB) (catalog.Quote, error) {\n",
		is:  "	_ = call\n	_ = barrier.Do[int]\n	q, err := func(f func(tx *gorm.DB) (catalog.Quote, error), _ ...barrier.Tell) (catalog.Quote, error) { return f(s.db.WithContext(ctx)) }(func(tx *gorm.DB) (catalog.Quote, error) {\n",
		by:  explore("2", "-schedule", "payment.capture#1=disturb inventory.commit#1=crash"),
	},
	{
		name: "ForbidDoesNothing", file: "services/payment/provider/simulator/find.go",
		was: "		row, _, err = insert(db, effect{Key: key, Kind: none, State: forbidden, CreatedAt: now, UpdatedAt: now})\n",
		is:  "		row = effect{State: forbidden}\n		_ = now\n",
		by:  named("./services/payment/provider/simulator", "Forbid"),
	},
	{
		name: "StockIsNotGivenBack", file: "services/inventory/store/reserve.go",
		was: "		return end(tx, turn, release, found)\n", is: "		return update(tx, found[0])\n",
		by: explore("1"),
	},
	{
		name: "ACaptureOfNothingIsNotRecorded", file: "services/payment/outside/capture.go",
		was: "		return o.store.CaptureNothing(ctx, k, req)\n", is: "		return payment.Capture{Amount: req.Amount}, nil\n",
		by: named("./services/payment/store", "TestACaptureOfZero/sqlite"),
	},
	{
		name: "AnOutcomeOfAParcelIsWrittenOverItsUndo", file: "services/shipping/store/book.go",
		was: "Where(\"warehouse = ? AND state = ? AND refusal_code IS NULL\", sh.Warehouse, string(shipping.Intent))", is: "Where(\"warehouse = ?\", sh.Warehouse)",
		by: named("./services/shipping/store", "TestStore/sqlite"),
	},
	{
		name: "AnAttemptBeginsAgain", file: "services/shipping/outside.go",
		was: "		recorded, err := o.store.RecordBooked(ctx, k, a.shipment(Booked))\n", is: "		recorded, err := true, error(nil)\n",
		by: named("./services/shipping", "TestManyParcels/sqlite"),
	},
	{
		name: "AnUndoBeginsAgain", file: "services/shipping/outside.go",
		was: "		if a.err = o.store.RecordCancelled(ctx, k, a.shipment(Cancelled)); a.err == nil {\n", is: "		if a.err == nil {\n",
		by: named("./services/shipping", "TestManyParcels/sqlite"),
	},
	{
		name: "ProgressCountsForNothing", file: "saga/errors.go",
		was: "return late && f.progress > done", is: "return false && late && f.progress > done",
		by: named("./saga", "TestALongStep"),
	},
	{
		name: "CancelOverwritesTheReason", file: "services/order/order.go",
		was: "	case r.Status == Cancelled:\n		return r.Note(c.Note), nil\n", is: "	case r.Status == Cancelled:\n		r.Reason = c.Reason\n		return true, nil\n",
		by: append(named("./services/order", "."), "-rapid.nofailfile"),
	},
	{
		name: "TheDecisionIsNotRecorded", file: "saga/run.go",
		was: "	r.record(ctx, d)\n", is: "",
		by: explore("2", "-schedule", "shipping.book#1=refuse inventory.reserve.undo#1=crash-after"),
	},
	{
		name: "TheDecisionIsRecordedAfterUndo", file: "saga/run.go", quick: true,
		was: "	r.record(ctx, d)\n	r.undoPlan(ctx)\n", is: "	r.undoPlan(ctx)\n	r.record(ctx, d)\n",
		by: explore("2", "-schedule", "shipping.book#1=refuse inventory.reserve.undo#1=crash-after"),
	},
	{
		name: "ALaterDecisionOverwritesTheFirst", file: "services/order/decision.go",
		was: "	case r.Status == Cancelled || r.Status == Pending && r.Decided != \"\":\n", is: "	case r.Status == Cancelled:\n",
		by: explore("2", "-schedule", "shipping.book#1=refuse inventory.reserve.undo#1=crash-after"),
	},
	{
		name: "WaiversOfTheRecordAreIgnored", file: "workflows/order.go",
		was: "	return s.waivers(saga.View{}), nil\n", is: "	return nil, nil\n",
		by: named("./workflows", "Waive"),
	},
	{
		name: "AWaiverIsNotRecorded", file: "saga/repair.go",
		was: "	r.waivers = append(r.waivers, w)\n", is: "",
		by: named("./saga", "Skip|Waive"),
	},
	{
		name: "MoneyIsWaivedWithoutAReference", file: "saga/repair.go",
		was: "skip && info.money && ", is: "false && ",
		by: named("./saga", "Repair"),
	},
	{
		name: "APivotIsSkipped", file: "saga/repair.go",
		was: "skip && info.kind == Pivot", is: "false",
		by: named("./saga", "Repair|Skipped"),
	},
	{
		name: "UndoModeRunsForward", file: "saga/run.go",
		was: "	if r.o.Against != \"\" {", is: "	if r.o.Against != \"\" && false {",
		by: named("./saga", "DecidedAgainst"),
	},
	{
		name: "ALateNoteOverwrites", file: "services/order/attention.go",
		was: "	if !at.After(r.NotedAt) {\n		return false\n	}\n", is: "",
		by: named("./services/order/store", "Note"),
	},
	{
		name: "TheFallbackOfATryHasAnotherKey", file: "saga/do.go", quick: true,
		was: "	q.express = !on.local() && slices.Contains(r.o.Express, doName(s.Name))\n",
		is: "	q.express = !on.local() && slices.Contains(r.o.Express, doName(s.Name))\n" +
			"	if q.express {\n		q.recorded = argument(Key{Saga: r.o.ID, Step: s.Name, Generation: 1}, in)\n	}\n",
		by: express("1"),
	},
	{
		name: "AnUnknownTryIsTakenForDone", file: "saga/express.go",
		was: "	return r.callLocally(ctx, q, p, limit, limit, 1)\n",
		is:  "	if f := r.callLocally(ctx, q, p, limit, limit, 1); f != nil && f.code != fault.Timeout {\n		return f\n	}\n	return nil\n",
		by:  express("1"),
	},
	{
		name: "AnUnknownTryIsTakenForRefused", file: "saga/express.go",
		was: "	return r.callLocally(ctx, q, p, limit, limit, 1)\n",
		is:  "	f := r.callLocally(ctx, q, p, limit, limit, 1)\n	if f != nil && f.kind == fault.Unknown && f.code != canceled {\n		f.kind = fault.Business\n	}\n	return f\n",
		by:  express("1"),
	},
	{
		name: "AnUnknownTryIsFlagged", file: "saga/express.go",
		was: "func decides(k fault.Kind) bool { return k == fault.Business || k == fault.Suspension }",
		is:  "func decides(k fault.Kind) bool { return k == fault.Business || k == fault.Suspension || k == fault.Unknown }",
		by:  named("./saga", "TestATryThatDoesNotSucceed"),
	},
	{
		name: "UndoSkipsTheTries", file: "saga/undo.go",
		was: "if s.state != Refused {", is: "if s.state != Refused && (len(r.o.Express) == 0 || r.armed) {",
		by: express("1"),
	},
	{
		name: "ACanceledTryNeverHappened", file: "saga/do.go",
		was: "	case f.kind == fault.Business:\n		s.state = Refused\n", is: "	case f.kind == fault.Business, f.code == canceled && q.express:\n		s.state = Refused\n",
		by: express("2", "-schedule", "inventory.reserve#1=slow payment.authorize#1=refuse"),
	},
	{
		name: "UndoOfNothingDoesNotStopATry", file: "saga/barrier/inside.go",
		was: "		first, err := block(tx, k, tell)\n		if err != nil || first {\n			return err\n		}\n		r, err := find(locked(tx), k)\n		switch {\n		case err != nil:\n			return err\n		case r == nil || r.State == Intent:\n			return impossible(k, r, \"undo inside\")",
		is:  "		r, err := find(locked(tx), k)\n		switch {\n		case err != nil || r == nil:\n			return err\n		case r.State == Intent:\n			return impossible(k, r, \"undo inside\")",
		by:  express("2", "-schedule", "inventory.reserve#1=slow payment.authorize#1=refuse"),
	},
	{
		name: "NoDeadlineBeforeAStep", file: "saga/do.go",
		was: "	r.listen()\n	r.expire()\n	if r.phase == Forward && r.stopped() {", is: "	r.listen()\n	if r.phase == Forward && r.stopped() {",
		by: named("./saga/sagatest/stage", "TestATryThatHangsBeyondDecideByIsTheLast"),
	},
	{
		name: "NoDeadlineBeforeThePivot", file: "saga/do.go",
		was: "	r.await(rest, func() bool { return r.fallible == 0 || r.stopped() })\n	r.expire()\n", is: "	r.await(rest, func() bool { return r.fallible == 0 || r.stopped() })\n",
		by: named("./saga", "TestAPivotThatWaitedForATry"),
	},
	{
		name: "NoDeadlineWithoutATimer", file: "saga/express.go",
		was: "	if len(r.o.Express) > 0 && !r.o.DecideBy.IsZero()", is: "	if false && !r.o.DecideBy.IsZero()",
		by: express("2", "-schedule", "shipping.book#1=deadline"),
	},
	{
		name: "ATryHasTimeOfItsOwn", file: "saga/express.go",
		was: "limit := min(cmp.Or(q.step.express, time.Second), expressTime-run)", is: "limit := min(cmp.Or(q.step.express, time.Second), expressTime+0*run)",
		by: named("./saga", "TestTheTriesOfATaskAreBounded"),
	},
	{
		name: "ATryIsRepeatedInItsTask", file: "saga/express.go",
		was: "	return r.callLocally(ctx, q, p, limit, limit, 1)\n", is: "	return r.callLocally(ctx, q, p, limit, limit, unlimited)\n",
		by: named("./saga/sagatest/stage", "TestATryIsOneAttempt"),
	},
	{
		name: "TheTimerIsNeverSet", file: "saga/call.go",
		was: "	r.arm()\n", is: "",
		by: named("./saga", "TestATryThatDoesNotSucceed"),
	},
	{
		name: "ACanceledTryIsRepeated", file: "saga/call.go",
		was: "		if q.express && ctx.Err() != nil {", is: "		if false {",
		by: named("./saga", "TestATryThatFailsAsItIsCanceled"),
	},
	{
		name: "ARefundHasTheKeyOfAnother", file: "saga/options.go",
		was: "Step: step, Generation: o.Generation}", is: "Step: step}",
		by: repaid(),
	},
	{
		name: "ARefundIsNotSetAside", file: "services/payment/state.go",
		was: "	left := p.Captured - p.Refunded - p.Refunding\n", is: "	left := p.Captured - p.Refunded\n",
		by: repaid(),
	},
	{
		name: "ADeclinedRefundKeepsItsAmount", file: "services/payment/store/refund.go",
		was: "		return dropRefund(tx, k, func(t *transfer.Transfer, at time.Time) error { return t.Decline(refusal.Code, at) })\n",
		is:  "		_, err := moveTransfer(tx, k, func(t *transfer.Transfer) error { return t.Decline(refusal.Code, database.Now()) })\n		return err\n",
		by:  repaid(),
	},
	{
		name: "ABlockedRefundKeepsItsAmount", file: "services/payment/store/refund.go",
		was: "		return dropRefund(tx, k, func(t *transfer.Transfer, at time.Time) error { return t.Block(at) })\n",
		is:  "		_, err := moveTransfer(tx, k, func(t *transfer.Transfer) error { return t.Block(database.Now()) })\n		return err\n",
		by:  repaid(),
	},
	{
		name: "TheGoodsComeBackTwice", file: "services/inventory/store/take_back.go",
		was: "err != nil || back {", is: "err != nil {\n			_ = back",
		by: repaid(),
	},
	{
		name: "TheGoodsComeBackUnpaid", file: "workflows/repay/repay.go",
		was: "payment.RefundRequest{Amount: s.in.Amount, Note: s.in.Note}); err != nil {", is: "payment.RefundRequest{Amount: s.in.Amount, Note: s.in.Note}); err != nil && !s.in.TakeBack {",
		by: repaid(),
	},
	{
		name: "ARefundCountsTwice", file: "services/order/refund.go",
		was: "	case f.Status == c.Status:\n		return r.NoteRefund(f, c.Note), nil\n", is: "	case f.Status == c.Status && f.Status == RefundRefused:\n		return r.NoteRefund(f, c.Note), nil\n	case f.Status == c.Status:\n",
		by: repaid(),
	},
	{
		name: "ARefundThatHappenedIsRefused", file: "saga/once/undo.go",
		was: "		return out, state == ledger.Done, err\n", is: "		return out, false, err\n",
		by: repaid(),
	},
}
