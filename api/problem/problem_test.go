package problem

import (
	"errors"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/fault"
)

func TestHidesAnUnknownError(t *testing.T) {
	t.Parallel()
	p := Of(errors.New("select * from orders"))
	require.Equal(t, fault.Internal, p.Code)
	require.Equal(t, "internal error", *p.body("id").Detail)
}

func TestSpreadsTheClientsThatComeBack(t *testing.T) {
	t.Parallel()
	drawn := map[string]bool{}
	for range 1000 {
		seconds, err := strconv.Atoi(retryAfter())
		require.NoError(t, err)
		require.GreaterOrEqual(t, seconds, MinRetryAfter)
		require.LessOrEqual(t, seconds, MaxRetryAfter)
		drawn[retryAfter()] = true
	}
	require.Len(t, drawn, MaxRetryAfter-MinRetryAfter+1)
}
