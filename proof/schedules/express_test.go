package schedules_test

import (
	"context"
	"flag"
	"fmt"
	"strings"
	"testing"

	"github.com/amends/amends/saga/sagatest"
	"github.com/amends/amends/workflows"
)

var expressSample = flag.Int("express.sample", 500, "how many schedules of each size of an express order are tried; 0 is all")

func expressExplorer(t *testing.T) sagatest.Explorer {
	t.Helper()
	e := explorer(t)
	e.Sample = *expressSample
	e.New = func() (sagatest.Subject, error) { return newExpressSubject(t) }
	return e
}

func newExpressSubject(t *testing.T) (*subject, error) {
	t.Helper()
	s, err := newSubject(t)
	s.express = workflows.ExpressSteps()
	return s, err
}

// No schedule of faults breaks an order whose steps are express.
func TestNoScheduleOfFaultsBreaksAnExpressOrder(t *testing.T) {
	t.Parallel()

	try(t, expressExplorer(t))
}

// These schedules are the hazards of express steps. A sample may miss one of them.
func TestNoHazardOfExpressStepsBreaksAnOrder(t *testing.T) {
	t.Parallel()

	for name, lines := range map[string][]string{
		"ATryOutlivesItsCancel": {
			"inventory.reserve#1=slow payment.authorize#1=refuse",
			"inventory.reserve#1=refuse payment.authorize#1=slow",
			"inventory.reserve#1=slow payment.authorize#1=cancel",
			"inventory.reserve#1=slow payment.authorize#1=refuse shipping.book.undo#1=crash",
		},
		"ATaskTimesOutWhileATryGoesOn": {
			"inventory.reserve#1=crash-late payment.authorize#1=crash-late",
			"payment.capture#1=crash-late order.create#2=cancel",
			"shipping.book#1=crash-late inventory.reserve#2=cancel",
		},
		"TheTimeOfTheTaskIsUsedUp": {
			"catalog.quote#1=slow payment.authorize#1=slow shipping.book#1=crash",
			"catalog.quote#1=slow payment.authorize#1=slow shipping.book#1=refuse",
			"payment.authorize#1=slow shipping.book#1=slow payment.capture#1=lost",
		},
		"DecideByPassesDuringATry": {
			"inventory.reserve#1=deadline",
			"inventory.reserve#1=slow payment.authorize#1=deadline",
			"shipping.book#1=deadline payment.capture.settle#1=crash",
			"payment.capture#1=deadline",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, line := range lines {
				e := expressExplorer(t)
				e.New = func() (sagatest.Subject, error) {
					s, err := newExpressSubject(t)
					return &struck{s, len(strings.Fields(line))}, err
				}
				replay(t, e, line)
			}
		})
	}
}

// struck is a subject that all faults must hit.
type struck struct {
	*subject

	faults int
}

func (s *struck) Check(ctx context.Context, end sagatest.End) error {
	if len(end.Faults) != s.faults {
		return fmt.Errorf("only %s hit", end.Faults)
	}
	return s.subject.Check(ctx, end)
}
