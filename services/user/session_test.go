package user_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/services/user"
)

func TestTheWaitOfARefusalSurvivesItsMessage(t *testing.T) {
	t.Parallel()
	for wait, want := range map[time.Duration]time.Duration{
		1: time.Second, time.Second: time.Second, 90*time.Second + 1: 91 * time.Second, user.MostWait: user.MostWait,
	} {
		err := user.Later(wait)
		got, ok := user.WaitOf(fault.Errorf(fault.KindOf(err), fault.CodeOf(err), "%s", fault.Of(err).Message)) // as it crosses a connection
		require.True(t, ok)
		require.Equal(t, want, got)
	}
	for _, err := range []error{nil, errors.New("x"), user.NoMatch(), fault.Errorf(fault.Business, user.TryLater, "later")} {
		_, ok := user.WaitOf(err)
		require.False(t, ok, "%v", err)
	}
}
