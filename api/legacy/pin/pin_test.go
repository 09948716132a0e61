package pin_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/api/legacy/pin"
	"github.com/amends/amends/api/legacy/score"
)

func to(side score.Side) func() (score.Side, error) {
	return func() (score.Side, error) { return side, nil }
}

func TestAKeyStaysOnItsSide(t *testing.T) {
	t.Parallel()
	var p pin.Pins
	now := time.Unix(1_800_000_000, 0)
	at := func(after time.Duration, key string, side score.Side) score.Side {
		got, err := p.Side(key, now.Add(after), to(side))
		require.NoError(t, err)
		return got
	}
	require.Equal(t, score.Service, at(0, "a", score.Service))
	require.Equal(t, score.Service, at(time.Minute, "a", score.Legacy), "a repeat")
	require.Equal(t, score.Legacy, at(time.Minute, "b", score.Legacy), "another key")
	require.Equal(t, score.Service, at(pin.Life, "a", score.Legacy), "its use prolongs its life")
	require.Equal(t, score.Service, at(2*pin.Life, "a", score.Legacy), "again")
	require.Equal(t, score.Legacy, at(4*pin.Life, "c", score.Legacy))
	require.Equal(t, score.Legacy, at(5*pin.Life, "a", score.Legacy), "its life is over")
}

func TestAFailedChoicePinsNothing(t *testing.T) {
	t.Parallel()
	var p pin.Pins
	refused := errors.New("refused")
	_, err := p.Side("a", time.Unix(0, 0), func() (score.Side, error) { return "", refused })
	require.ErrorIs(t, err, refused)
	side, err := p.Side("a", time.Unix(0, 0), to(score.Legacy))
	require.NoError(t, err)
	require.Equal(t, score.Legacy, side)
}

func TestKeysAreBounded(t *testing.T) {
	t.Parallel()
	var p pin.Pins
	first := func(i int) score.Side {
		side, err := p.Side(fmt.Sprint("key ", i), time.Unix(0, 0), to(score.Service))
		require.NoError(t, err)
		return side
	}
	for i := range 2*pin.Most + 2 {
		first(i)
	}
	side, err := p.Side("key 0", time.Unix(0, 0), to(score.Legacy))
	require.NoError(t, err)
	require.Equal(t, score.Legacy, side, "the oldest are forgotten")
	side, err = p.Side(fmt.Sprint("key ", pin.Most+2), time.Unix(0, 0), to(score.Legacy))
	require.NoError(t, err)
	require.Equal(t, score.Service, side, "newer ones are not")
}

// Requests with one key at once, while the routes change, all go to one side.
func TestOneSideAtOnce(t *testing.T) {
	t.Parallel()
	var p pin.Pins
	for key := range 200 {
		sides := make([]score.Side, 8)
		var all sync.WaitGroup
		for i := range sides {
			all.Go(func() {
				sides[i], _ = p.Side(fmt.Sprint(key), time.Unix(0, 0), to([]score.Side{score.Legacy, score.Service}[i%2])) // it cannot fail
			})
		}
		all.Wait()
		for _, side := range sides {
			require.Equal(t, sides[0], side)
		}
	}
}
