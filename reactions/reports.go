package reactions

import (
	"context"

	"github.com/amends/amends/event"
	"github.com/amends/amends/event/choreography"
	"github.com/amends/amends/event/report"
	"github.com/amends/amends/saga/ledger"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/services/order/course"
)

// noteOn returns the reaction to the news that a reaction is stuck, or goes on.
func noteOn[Data any](f event.Fact[Data]) choreography.Reaction[Data] {
	return choreography.Reaction[Data]{Group: "order", On: f, Calls: "order.note"}
}

// orderReports returns the reactions of the order service to the reports of all services,
// its own included: one mechanism flags every order.
func orderReports() (all []choreography.Link) {
	for _, f := range reports {
		all = append(all, objectTo(f.Failed).Link(), noteOn(f.Stuck).Link(), noteOn(f.Recovered).Link())
	}
	return all
}

// reactToReports binds them.
func reactToReports(l *choreography.Listening, s course.Service) {
	for _, f := range reports {
		choreography.React(l, objectTo(f.Failed), func(ctx context.Context, id string, d report.Failure) error {
			return only(s.Object(ctx, id, course.Objection{Reason: order.Internal, Step: d.Step, Code: d.Code, Event: causeOf(ctx)}))
		})
		choreography.React(l, noteOn(f.Stuck), func(ctx context.Context, id string, d report.Stall) error {
			return s.Reported(ctx, id, course.Report{
				Event: causeOf(ctx), Holds: holdsOf(d.Step),
				Flag: ledger.Attention{Step: d.Step, Code: d.Code, Kind: d.Kind, Since: d.Since, Owed: d.Owed},
			})
		})
		choreography.React(l, noteOn(f.Recovered), func(ctx context.Context, id string, d report.Recovery) error {
			return s.Reported(ctx, id, course.Report{Event: causeOf(ctx), Flag: ledger.Attention{Step: d.Step}, Over: true})
		})
	}
}

// causeOf returns the id of the event that led to the one which ctx reacts to: of a report,
// the one that it is about.
func causeOf(ctx context.Context) string {
	e, _ := event.Cause(ctx)
	return e.Causation
}

// holdsOf returns the kind of effect that stands while a step is stuck: until its commit
// succeeds, stock is held.
func holdsOf(step string) course.Holding {
	if step == commit {
		step = reserve
	}
	return course.Exposures[step].Holds
}
