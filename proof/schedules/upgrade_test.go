package schedules_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// upgrades are changes of the workflow that look safe: they are behind a version,
// every golden history replays, and every order placed afterwards ends right. Only
// orders in flight at the deployment do not.
var upgrades = []mutant{
	{
		// The parcels are to be booked as soon as the stock is reserved. The two
		// places have two versions instead of one, so an order that has passed the
		// first with the old code skips the second with the new.
		name: "AMovedStepIsLeftToTheOther", file: "workflows/order.go", quick: true,
		was: `	if _, err := funds.Get(ctx); err != nil {
		return err
	}

	booking, err := saga.Do(ctx, activities.BookParcels, shipping.BookRequest{
		ShipTo: shipTo(asked.ShipTo), Parcels: parcels(reservation),
	})
	if err != nil {
		return err
	}
	s.booking = &booking
`,
		is: `	book := func() error {
		booking, err := saga.Do(ctx, activities.BookParcels, shipping.BookRequest{
			ShipTo: shipTo(asked.ShipTo), Parcels: parcels(reservation),
		})
		s.booking = &booking
		return err
	}
	if workflow.GetVersion(ctx, "book-early", workflow.DefaultVersion, 1) == 1 {
		if err := book(); err != nil {
			return err
		}
	}
	if _, err := funds.Get(ctx); err != nil {
		return err
	}
	if workflow.GetVersion(ctx, "no-book-late", workflow.DefaultVersion, 1) == workflow.DefaultVersion {
		if err := book(); err != nil {
			return err
		}
	}
`,
		by: continued("^confirmed-provider-down$"),
	},
	{
		// Steps that never started seem to need no undo. But an earlier run of the
		// same saga has started them.
		name: "AnUndoIsDropped", file: "saga/undo.go",
		was: "		s := r.find(info.name)\n		if s == nil {\n			s = &stepRun{stepInfo: info, state: Waiting}\n",
		is: "		s := r.find(info.name)\n		if s == nil && workflow.GetVersion(ctx, \"undo-what-started\", workflow.DefaultVersion, 1) == 1 {\n			continue\n		}\n" +
			"		if s == nil {\n			s = &stepRun{stepInfo: info, state: Waiting}\n",
		by: continued("^cancelled-reset(-late|-middle|-running)?$"),
	},
	{
		// A run that has not scheduled the pivot seems to have nothing to settle.
		name: "ASettleIsDropped", file: "saga/run.go",
		was: "	if r.settle(ctx) {",
		is:  "	if workflow.GetVersion(ctx, \"no-settle\", workflow.DefaultVersion, 1) == workflow.DefaultVersion && r.settle(ctx) {",
		by:  continued("^confirmed-reset"),
	},
}

// continued are the arguments that cut the golden histories of these names.
func continued(golden string) []string {
	return named("./proof/continued", "TestEverySagaInFlightEndsRight/golden/"+golden)
}

// A change that replays, but breaks orders in flight, is caught.
func TestAChangeThatReplaysButBreaksSagasInFlightIsCaught(t *testing.T) {
	t.Parallel()

	for _, m := range upgrades {
		if !m.quick && !*allMutants {
			continue
		}
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			replayed := m
			replayed.by = named("./workflows", "TestEveryGoldenHistoryReplays")
			out, err := replayed.test(t)
			require.NoError(t, err, "a replay finds it:\n%s", out)
			require.NotContains(t, out, "no tests to run")

			out, err = m.test(t)
			require.Error(t, err, "no test finds it:\n%s", out)
			require.Contains(t, out, "--- FAIL: TestEverySagaInFlightEndsRight/golden/")
			require.NotContains(t, out, "the workflow task failed", "it must not just block the order")
			require.Regexp(t, "I[1-9]: |it ends |has no end", out, "an order must end wrong, or never")
		})
	}
}
