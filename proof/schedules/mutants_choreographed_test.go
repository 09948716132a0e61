package schedules_test

// follow explores choreographed orders with at most that many faults.
func follow(faults string, more ...string) []string {
	return append([]string{"./proof/choreographed", "-run", "TestNoScheduleOfFaultsBreaksAChoreographedOrder", "-faults", faults}, more...)
}

// choreographed are mutants of the choreographed saga.
var choreographed = []mutant{
	{
		name: "AFactIsToldBeforeItsCommit", file: "services/inventory/store/reserve.go",
		was: "	turn := s.patience.Turn()\n	c, err := barrier.Do(ctx, s.db, call, func(tx *gorm.DB) (inventory.Commitment, error) {\n",
		is: "	_ = database.InTx(ctx, s.db, func(tx *gorm.DB) error {\n" +
			"		return step.Commit.Tell(ctx)(tx, barrier.Told{Key: k, State: barrier.Done, Outcome: \"{}\"})\n	})\n" +
			"	turn := s.patience.Turn()\n	c, err := barrier.Do(ctx, s.db, call, func(tx *gorm.DB) (inventory.Commitment, error) {\n",
		by: follow("1"),
	},
	{
		name: "ARefusalIsNotTold", file: "event/outbox/step.go",
		was: "case t.State == barrier.Refused && s.Refused != nil:", is: "case false:",
		by: follow("1"),
	},
	{
		name: "ARepeatTellsNothing", file: "event/outbox/step.go",
		was: "if t.Repeat && !caused {", is: "if _ = caused; t.Repeat {",
		by: follow("1"),
	},
	{
		name: "AnUndoOfARefusedStepIsNotAnswered", file: "event/outbox/step.go",
		was: "if ended := s.Ended; ended != nil {", is: "if ended := s.Ended; false {",
		by: follow("1"),
	},
	{
		name: "AnAbortWithoutASettle", file: "services/order/store/course.go",
		was: "return course.Object(r, o, now)", is: `changed, err := course.Object(r, o, now)
			if changed {
				_, err = r.Decide(order.Decision{Reason: o.Reason}, now)
			}
			return changed, err`,
		by: follow("1"),
	},
	{
		name: "OneAnswerIsNotWaitedFor", file: "services/order/course/course.go",
		was: "return slices.ContainsFunc(services, func(service string) bool {", is: "return slices.ContainsFunc(services[:2], func(service string) bool {",
		by: follow("2", "-schedule", "payment:shipping.booked#1=refuse shipping:order.aborted#1=late"),
	},
	{
		name: "ARefusalAsksForNoAbort", file: "reactions/order.go",
		was: "return only(s.Object(ctx, id, course.Objection{Reason: reason.Of(code), Step: k.Step, Code: code}))",
		is:  "_ = reason.Of(code)\n\t\treturn nil",
		by:  follow("1"),
	},
	{
		name: "ALateStepBringsAnAbortedOrderBack", file: "services/order/order.go",
		was: `case r.Decided != "":`, is: "case false:",
		by: named("./services/order/store", "TestChoreographedOrders"),
	},
	{
		name: "ALateStepWithdrawsTheObjection", file: "services/order/course/course.go",
		was: "	r.Course.Parcels = parcels\n", is: "	r.Course.Parcels, r.Course.Asked = parcels, \"\"\n",
		by: follow("2", "-schedule", "order:shipping.booked#1=late-after-next payment:shipping.booked#1=refuse"),
	},
	{
		name: "TakenMoneyIsForgotten", file: "services/order/course/course.go",
		was: "	r.Course.Taken = true\n", is: "",
		by: follow("2", "-schedule", "order:shipping.booked#1=lost inventory:payment.captured#1=cancel"),
	},
	{
		name: "AnAbortIsNotUrgent", file: "services/order/events.go",
		was: "d.Urgent = true", is: "d.Urgent = false",
		by: follow("2", "-schedule", "shipping:inventory.reserved#1=cancel payment:order.abort_asked#1=parked"),
	},
	{
		name: "ASettleDoesNotTellOfTheCapture", file: "services/payment/store/capture.go",
		was: "payment.Capture](ctx, s.db, k, step.Capture.Settle(ctx))", is: "payment.Capture](ctx, s.db, k, step.Capture.Undo(ctx))",
		by: follow("2", "-schedule", "inventory:payment.captured#1=lost catalog:order.placed#2=cancel"),
	},
	{
		name: "AReminderTellsNothing", file: "services/order/events.go",
		was: "	case r.reminded(before):\n", is: "	case r.reminded(before) && false:\n",
		by: follow("1"),
	},
	{
		name: "ALaterObjectionIsTheReason", file: "services/order/course/course.go",
		was: "if !abortable(*r) {", is: `if r.Status != order.Pending || r.Decided != "" {`,
		by: named("./services/order/course", "TestTheFirstObjectionStays"),
	},
	{
		name: "AWorkflowGoesOnWithAChoreographedOrder", file: "workflows/order.go",
		was: "if s.record.Style() == order.Choreographed && !s.in.Undo {", is: "if false {",
		by: named("./workflows", "TestARecordOfTheOtherStyleEndsTheWorkflow"),
	},
	{
		name: "ABugThatIsToldIsParkedToo", file: "event/inbox/trouble/trouble.go",
		was: "l.State, l.SettledAt, l.FlaggedAt = waiting.Handled, l.TriedAt, before.FlaggedAt", is: "_ = before",
		by: named("./event/inbox", "TestABugThatIsReportedParksNothing/^sqlite$"),
	},
	{
		name: "ARecoveryIsNotTold", file: "event/inbox/trouble/trouble.go",
		was: "return t, before.FlaggedAt != nil\n", is: "return t, false\n",
		by: named("./worker/reporting", "TestADiscardIsToldIfItsEventWasStuck"),
	},
	{
		name: "ALateReportFlagsAgain", file: "services/order/course/report.go",
		was: "if i >= 0 && r.Course.Troubles[i].Flag == nil {", is: "if false {",
		by: named("./services/order/course", "TestAStepHasOneFlagFromItsFirstReport"),
	},
	{
		name: "AnAnswerThatTookNothingBackIsAStep", file: "services/query/store/steps.go",
		was: "case o.Style == query.Choreographed && e.Step.Blocked:", is: "case false:",
		by: named("./services/query/store", "TestAChoreographedOrderHasTheStepsThatItHasTaken"),
	},
}
