package schedules_test

// path runs tests of the choreographed order.
func path(run string) []string { return named("./proof/choreographed", run) }

// choreographed are mutants of the choreographed saga.
var choreographed = []mutant{
	{
		name: "ARefusalIsNotTold", file: "event/outbox/step.go",
		was: "case t.State == barrier.Refused && s.Refused != nil:", is: "case false:",
		by: path("TestARefusalOfAnyStepLeavesNothing"),
	},
	{
		name: "ARepeatTellsNothing", file: "event/outbox/step.go",
		was: "if t.Repeat && !caused {", is: "if _ = caused; t.Repeat {",
		by: path("TestOneFaultAtAnyPointChangesNoEnd/ConfirmedLost"),
	},
	{
		name: "AnUndoOfARefusedStepIsNotAnswered", file: "event/outbox/step.go",
		was: "if ended := s.Ended; ended != nil {", is: "if ended := s.Ended; false {",
		by: path("TestARefusalOfAnyStepLeavesNothing"),
	},
	{
		name: "AnAbortWithoutASettle", file: "services/order/store/course.go",
		was: "return course.Object(r, o, now)", is: `changed, err := course.Object(r, o, now)
			if changed {
				_, err = r.Decide(order.Decision{Reason: o.Reason}, now)
			}
			return changed, err`,
		by: path("TestACancelAtAnyPointEndsTheOrder"),
	},
	{
		name: "OneAnswerIsNotWaitedFor", file: "services/order/course/course.go",
		was: "return slices.ContainsFunc(services, func(service string) bool {", is: "return slices.ContainsFunc(services[:2], func(service string) bool {",
		by: path("TestOneFaultAtAnyPointChangesNoEnd/CaptureDeclinedLate"),
	},
	{
		name: "ARefusalAsksForNoAbort", file: "reactions/order.go",
		was: "return only(s.Object(ctx, id, course.Objection{Reason: reason.Of(code), Step: k.Step, Code: code}))",
		is:  "_ = reason.Of(code)\n\t\treturn nil",
		by:  path("TestARefusalOfAnyStepLeavesNothing"),
	},
	{
		name: "ALateStepBringsAnAbortedOrderBack", file: "services/order/order.go",
		was: `case r.Decided != "":`, is: "case false:",
		by: named("./services/order/store", "TestChoreographedOrders"),
	},
	{
		name: "AnAbortIsNotUrgent", file: "services/order/events.go",
		was: "d.Urgent = true", is: "d.Urgent = false",
		by: path("TestAnAbortOvertakesADeadLetter"),
	},
	{
		name: "ASettleDoesNotTellOfTheCapture", file: "services/payment/store/capture.go",
		was: "payment.Capture](ctx, s.db, k, step.Capture.Settle(ctx))", is: "payment.Capture](ctx, s.db, k, step.Capture.Undo(ctx))",
		by: path("TestASettleThatFindsTheCaptureDoneTellsIt"),
	},
	{
		name: "AReminderTellsNothing", file: "services/order/events.go",
		was: "|| r.reminded(before) {", is: "{",
		by: path("TestOneFaultAtAnyPointChangesNoEnd/ConfirmedLost"),
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
}
