package supply

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/fault"
)

// An operator who believes that nothing was booked books twice.
func TestABookingThatFailedMayHaveBeenBooked(t *testing.T) {
	t.Parallel()
	require.NoError(t, unsure(nil, "MUG"))
	refused := fault.Errorf(fault.Business, fault.Invalid, "no")
	require.Equal(t, error(refused), unsure(refused, "MUG"))
	err := unsure(fault.Errorf(fault.Transient, fault.Unavailable, "the database cannot be reached"), "MUG")
	require.ErrorContains(t, err, "it may have been booked: look at `amends stock journal MUG`")
	require.Equal(t, fault.Unavailable, fault.CodeOf(err))
}
