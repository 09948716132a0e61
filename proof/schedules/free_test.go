package schedules_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/saga/sagatest"
	"github.com/amends/amends/services/catalog"
)

// An order that costs nothing has a pivot without an effect at the provider, and a step
// that it never takes.
func TestNoFaultBreaksAnOrderThatCostsNothing(t *testing.T) {
	t.Parallel()

	e := explorer(t)
	e.Faults, e.Sample = 1, 0
	e.Refusable = []string{"catalog.quote", "inventory.reserve", "shipping.book"}
	e.New = func() (sagatest.Subject, error) {
		s := newShop(t)
		err := s.Reprice(t.Context(), func(p *catalog.Product) { p.Price = money.New(0, "EUR") })
		if err != nil {
			return nil, err
		}
		return s, s.Snapshot(t.Context())
	}
	report, err := e.Run(t.Context())
	require.NoError(t, err)
	fmt.Fprintln(os.Stdout, report)
	if report.Failure != nil {
		require.NoError(t, report.Failure)
	}
	require.NoError(t, report.Valid())
}
