package saga_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"go.temporal.io/sdk/workflow"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga"
)

// Run's result has the end of the saga and of each step.
func ExampleRun() {
	book := saga.Step[string, saga.None]{Name: "table.book", Queue: "restaurant", Kind: saga.Compensatable}
	confirm := saga.Step[string, saga.None]{Name: "table.confirm", Queue: "restaurant", Kind: saga.Closing}
	plan := saga.NewPlan(book, confirm)

	reserve := func(ctx workflow.Context, id string) (saga.View, error) {
		return saga.Run(ctx, saga.Options{ID: id, Plan: plan}, func(ctx workflow.Context) error {
			if _, err := saga.Do(ctx, book, "two at eight"); err != nil {
				return err
			}
			_, err := saga.Do(ctx, confirm, "two at eight")
			return err
		})
	}

	env := newEnvironment()
	nod := func(context.Context, saga.Key, string) (saga.None, error) { return saga.None{}, nil }
	saga.Bind(env, book, nod, func(context.Context, saga.Key) error { return nil })
	saga.Bind(env, confirm, nod, nil)
	env.ExecuteWorkflow(reserve, "table-12")

	var v saga.View
	if err := env.GetWorkflowResult(&v); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(v.ID, "is", v.Phase)
	for _, s := range v.Steps {
		fmt.Println(s.Name, "is", s.State)
	}

	// Output:
	// table-12 is committed
	// table.book is done
	// table.confirm is done
}

// An error of Do is final, and the body returns it. It has the code of the service's
// refusal; a transient failure was retried before.
func ExampleDo() {
	book := saga.Step[int, string]{Name: "table.book", Queue: "restaurant", Kind: saga.Compensatable}
	plan := saga.NewPlan(book)

	env := newEnvironment()
	var calls int
	saga.Bind(env, book, func(_ context.Context, _ saga.Key, guests int) (string, error) {
		if calls++; calls < 3 {
			return "", errors.New("the database is away")
		}
		return "", fault.Errorf(fault.Business, "FULLY_BOOKED", "no table for %d", guests)
	}, func(context.Context, saga.Key) error { return nil })

	env.ExecuteWorkflow(func(ctx workflow.Context) (saga.View, error) {
		return saga.Run(ctx, saga.Options{ID: "table-12", Plan: plan}, func(ctx workflow.Context) error {
			table, err := saga.Do(ctx, book, 9)
			if err != nil {
				fmt.Println("after", calls, "calls:", fault.CodeOf(err))
				return err
			}
			fmt.Println("at", table)
			return nil
		})
	})

	// Output: after 3 calls: FULLY_BOOKED
}

// Steps that do not need each other run side by side.
func ExampleGo() {
	flight := saga.Step[string, string]{Name: "flight.reserve", Queue: "flight", Kind: saga.Compensatable}
	hotel := saga.Step[string, string]{Name: "hotel.reserve", Queue: "hotel", Kind: saga.Compensatable}
	plan := saga.NewPlan(flight, hotel)

	env := newEnvironment()
	var together atomic.Int32
	met := make(chan struct{})
	reserve := func(_ context.Context, _ saga.Key, what string) (string, error) {
		if together.Add(1) == 2 {
			close(met)
		}
		<-met // neither ends before both have begun
		return what + " is reserved", nil
	}
	release := func(context.Context, saga.Key) error { return nil }
	saga.Bind(env, flight, reserve, release)
	saga.Bind(env, hotel, reserve, release)

	env.ExecuteWorkflow(func(ctx workflow.Context) (saga.View, error) {
		return saga.Run(ctx, saga.Options{ID: "trip-7", Plan: plan}, func(ctx workflow.Context) error {
			seat, room := saga.Go(ctx, flight, "seat 12A"), saga.Go(ctx, hotel, "room 501")
			for _, p := range []*saga.Promise[string]{seat, room} {
				reserved, err := p.Get(ctx)
				if err != nil {
					return err
				}
				fmt.Println(reserved)
			}
			return nil
		})
	})

	// Output:
	// seat 12A is reserved
	// room 501 is reserved
}

// A service gets the step's key with every call. It does one key once, and keeps the
// data for the undo, which gets no input.
func ExampleBind() {
	hold := saga.Step[int, string]{Name: "stock.hold", Queue: "stock", Kind: saga.Compensatable}
	plan := saga.NewPlan(hold)

	env := newEnvironment()
	held := map[saga.Key]int{} // a table, in a real service: see the package saga/barrier
	saga.Bind(env, hold,
		func(_ context.Context, k saga.Key, pieces int) (string, error) {
			if _, repeat := held[k]; !repeat {
				held[k] = pieces
			}
			return "held under " + k.String(), nil
		},
		func(_ context.Context, k saga.Key) error {
			fmt.Println("released:", held[k])
			delete(held, k)
			return nil
		})

	env.ExecuteWorkflow(func(ctx workflow.Context) (saga.View, error) {
		return saga.Run(ctx, saga.Options{ID: "order-3", Plan: plan}, func(ctx workflow.Context) error {
			reference, err := saga.Do(ctx, hold, 4)
			if err != nil {
				return err
			}
			fmt.Println(reference)
			return fault.Errorf(fault.Business, "CHANGED_MY_MIND", "the body may decide, too")
		})
	})

	// Output:
	// held under order-3/stock.hold
	// released: 4
}

// When everything is undone, the closing steps of the other end run. A later run of the
// saga, after a reset, may be aborted for another reason: here it is told to. So the reason
// is recorded once, before anything is undone, and the guest is told that one. A reason
// that went into the regret as it is would be another request under the same key, which
// package barrier answers with REQUEST_MISMATCH.
func ExampleOptions_aborted() {
	book := saga.Step[string, saga.None]{Name: "table.book", Queue: "restaurant", Kind: saga.Compensatable}
	note := saga.Step[fault.Code, fault.Code]{Name: "guest.note", Queue: "mail", Kind: saga.Recorded}
	regret := saga.Step[fault.Code, saga.None]{Name: "guest.regret", Queue: "mail", Kind: saga.Closing}
	plan := saga.NewPlan(book).OnAbort(note, regret)
	first := map[saga.Key]fault.Code{} // a table of the service

	reserve := func(ctx workflow.Context, against fault.Code) (saga.View, error) {
		o := saga.Options{ID: "table-12", Plan: plan, Against: against}
		var why fault.Code
		o.Decided = func(ctx workflow.Context, d saga.Decision) (_ []saga.Waiver, err error) {
			why, err = saga.Do(ctx, note, d.Code)
			return nil, err
		}
		o.Aborted = func(ctx workflow.Context, _ saga.Decision) error {
			_, err := saga.Do(ctx, regret, why)
			return err
		}
		return saga.Run(ctx, o, func(ctx workflow.Context) error {
			_, err := saga.Do(ctx, book, "two at eight")
			return err
		})
	}

	for _, against := range []fault.Code{"", saga.CustomerRequest} {
		env := newEnvironment()
		saga.Bind(env, book, func(context.Context, saga.Key, string) (saga.None, error) {
			return saga.None{}, fault.Errorf(fault.Business, "FULLY_BOOKED", "no table is left")
		}, func(context.Context, saga.Key) error { return nil })
		saga.Bind(env, note, func(_ context.Context, k saga.Key, why fault.Code) (fault.Code, error) {
			if _, noted := first[k]; !noted {
				first[k] = why
			}
			return first[k], nil
		}, nil)
		saga.Bind(env, regret, func(_ context.Context, _ saga.Key, why fault.Code) (saga.None, error) {
			fmt.Println("sorry:", why)
			return saga.None{}, nil
		}, nil)
		env.ExecuteWorkflow(reserve, against)
	}

	// Output:
	// sorry: FULLY_BOOKED
	// sorry: FULLY_BOOKED
}
