package schedules_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/saga/sagatest"
)

var doctored = flag.Int("doctor", 1, "up to how many faults the doctor looks at an order after; -sample and -seed draw which")

// The doctor finds nothing wrong after any fault: it never reports the remains of
// a fault that the saga survived. (The tests of the workflows show that it finds
// real damage.)
func TestTheDoctorFindsNothingAfterAnyFault(t *testing.T) {
	t.Parallel()

	e := explorer(t)
	e.Faults = *doctored
	e.New = func() (sagatest.Subject, error) {
		s, err := newSubject(t)
		return &patient{s}, err
	}
	report, err := e.Run(t.Context())
	require.NoError(t, err)
	fmt.Fprintln(os.Stdout, report)
	if report.Failure != nil {
		require.NoError(t, report.Failure)
	}
	require.NoError(t, report.Valid())
}

// patient is a subject that the doctor judges when its saga has ended.
type patient struct{ *subject }

// Check checks the invariants, then lets the doctor judge the same ledgers.
func (p *patient) Check(ctx context.Context, end sagatest.End) error {
	if err := p.subject.Check(ctx, end); err != nil {
		return err
	}
	return p.Judge(ctx, orderID)
}
