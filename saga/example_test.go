package saga_test

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	sdklog "go.temporal.io/sdk/log"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga"
)

// The steps of a trip, as data. The workflow and the workers share them.
var (
	reserveSeat = saga.Step[string, int]{Name: "flight.reserve", Queue: "flight", Kind: saga.Compensatable, Owes: "seat held"}
	chargeCard  = saga.Step[int, string]{Name: "card.charge", Queue: "card", Kind: saga.Pivot, Owes: "money taken"}
	sendTicket  = saga.Step[string, saga.None]{Name: "mail.ticket", Queue: "mail", Kind: saga.Closing}

	trips = saga.NewPlan(reserveSeat, chargeCard, sendTicket)
)

// Trip is the input of BookTrip.
type Trip struct{ ID, Flight string }

// BookTrip is a workflow.
func BookTrip(ctx workflow.Context, in Trip) (saga.View, error) {
	return saga.Run(ctx, saga.Options{ID: in.ID, Plan: trips}, func(ctx workflow.Context) error {
		fare, err := saga.Do(ctx, reserveSeat, in.Flight)
		if err != nil {
			return err
		}
		receipt, err := saga.Do(ctx, chargeCard, fare)
		if err != nil {
			return err
		}
		_, err = saga.Do(ctx, sendTicket, receipt)
		return err
	})
}

// services binds the steps to their do and undo. These only print; a real service
// acts through package saga/barrier, which makes every key happen once.
func services(r saga.Registry, limit int) {
	saga.Bind(r, reserveSeat,
		func(_ context.Context, k saga.Key, flight string) (int, error) {
			fmt.Println("a seat on", flight, "is held under", k)
			return 250, nil
		},
		func(_ context.Context, k saga.Key) error {
			fmt.Println("what is held under", k, "is released")
			return nil
		})
	saga.BindPivot(r, chargeCard,
		func(_ context.Context, _ saga.Key, fare int) (string, error) {
			if fare > limit {
				return "", fault.Errorf(fault.Business, "CARD_DECLINED", "the card has a limit of %d", limit)
			}
			fmt.Println(fare, "are charged")
			return "receipt 1", nil
		},
		func(context.Context, saga.Key) (string, bool, error) { return "", false, nil })
	saga.Bind(r, sendTicket,
		func(_ context.Context, _ saga.Key, receipt string) (saga.None, error) {
			fmt.Println("the ticket is sent with", receipt)
			return saga.None{}, nil
		}, nil)
}

// A saga is a function that takes steps: here one that goes well, and one whose
// card is declined, so that its seat is released.
func Example() {
	for _, limit := range []int{1000, 100} {
		env := newEnvironment()
		services(env, limit)
		env.ExecuteWorkflow(BookTrip, Trip{ID: "trip-7", Flight: "LH 400"})

		var v saga.View
		if err := env.GetWorkflowResult(&v); err != nil {
			fmt.Println(err)
			return
		}
		seat, _ := v.Step("flight.reserve")
		fmt.Println("the trip is", v.Phase, "and its seat", seat.State)
	}

	// Output:
	// a seat on LH 400 is held under trip-7/flight.reserve
	// 250 are charged
	// the ticket is sent with receipt 1
	// the trip is committed and its seat done
	// a seat on LH 400 is held under trip-7/flight.reserve
	// what is held under trip-7/flight.reserve is released
	// the trip is aborted and its seat undone
}

// newEnvironment returns Temporal's test environment, without its log.
func newEnvironment() *testsuite.TestWorkflowEnvironment {
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	return suite.NewTestWorkflowEnvironment().SetTestTimeout(time.Minute) // also on a loaded machine
}
