package schedules_test

// mails explores messages to customers with at most that many faults.
func mails(faults string) []string {
	return []string{"./proof/mails", "-run", "TestNoFaultDoublesOrLosesAMessage", "-faults", faults}
}

// mailMutants are the known ways in which customers are told twice, or not at all.
var mailMutants = []mutant{
	{
		name: "AMessageOfEachEvent", file: "reactions/notification.go", quick: true,
		was: "		told.Notice.At = e.Time\n", is: "		told.Notice.At, told.Notice.Occurrence = e.Time, e.ID\n",
		by: mails("1"),
	},
	{
		name: "FailoverWithoutAsking", file: "services/notification/send/route.go",
		was: "if err != nil && err.Kind == fault.Unknown && !last {", is: "if false {",
		by: mails("1"),
	},
	{
		name: "SentBeforeItIsRecorded", file: "services/notification/send/route.go",
		was: "			if ok, err := s.c.Queue.Begin(ctx, d); err != nil || !ok {\n				return Outcome{}, err\n			}\n			err = fault.Of(s.send(ctx, routes[i], m))\n",
		is:  "			err = fault.Of(s.send(ctx, routes[i], m))\n			if ok, failed := s.c.Queue.Begin(ctx, d); failed != nil || !ok {\n				return Outcome{}, failed\n			}\n",
		by:  mails("1"),
	},
	{
		name: "ARetryUnderAnotherKey", file: "services/notification/send/attempt.go",
		was: "channel.Message{Key: d.ID,", is: "channel.Message{Key: d.ID + d.NextAt.String(),",
		by: mails("1"),
	},
	{
		name: "AProviderThatWasAskedMaySendLater", file: "services/notification/channel/simulator/simulator.go",
		was: "	e, err := s.enter(ctx, Entry{Provider: s.name, Key: key, State: closed, At: database.Now()})\n	return e.State == sent, err\n",
		is:  "	var e Entry\n	err := s.db.WithContext(ctx).Where(\"provider = ? AND key = ?\", s.name, key).Find(&e).Error\n	return e.State == sent, err\n",
		by:  mails("1"),
	},
	{
		name: "AnAttemptThatLostItsClaimCounts", file: "services/notification/store/queue.go",
		was: "\"id = ? AND attempts = ? AND state = ?\", d.ID, d.Attempts, notification.Wanted", is: "\"id = ? AND state <> ?\", d.ID, \"\"",
		by: mails("1"),
	},
}
