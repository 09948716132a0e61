package needs_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/exposure"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/internal/watch"
	"github.com/amends/amends/internal/watch/needs"
	"github.com/amends/amends/internal/watch/stuck"
)

var errGone = errors.New("it is gone\nfor good")

// sources has an order that is flagged and stuck, one that is stuck, and a dead letter of a third.
func sources() needs.Sources {
	at := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	return needs.Sources{
		Flagged: func(context.Context) ([]watch.FlaggedOrder, int, error) {
			return []watch.FlaggedOrder{{ID: "a"}}, 7, nil
		},
		Silent: func(context.Context) (string, error) { return "none polls", nil },
		Stuck: func(_ context.Context, silent bool) (stuck.Report, error) {
			if !silent {
				return stuck.Report{}, nil // they do not wait for long yet
			}
			return stuck.Report{Orders: []stuck.Order{{ID: "b"}, {ID: "a"}}}, nil
		},
		Services: []string{"payment", "order"},
		Letters: func(_ context.Context, service string) ([]needs.Letter, error) {
			if service == "order" {
				return []needs.Letter{{Group: service, ID: "2", Key: "c", Since: at}}, nil
			}
			return []needs.Letter{{Group: service, ID: "1", Key: "c", Since: at.Add(time.Hour)}}, nil
		},
		Holders: []string{"payment", "inventory"},
		Exposure: func(_ context.Context, service string, orders []string) (map[string]exposure.Exposure, error) {
			all := map[string]exposure.Exposure{}
			for _, id := range orders {
				e := exposure.Exposure{Reserved: 2}
				if service == "payment" {
					e = exposure.Exposure{Held: []money.Amount{money.New(100, "EUR")}}
				}
				all[id] = e
			}
			return all, nil
		},
	}
}

func TestOneListHasEverythingThatNeedsAnOperator(t *testing.T) {
	t.Parallel()

	l, err := needs.Gather(t.Context(), sources())
	require.NoError(t, err)
	require.Equal(t, []any{"none polls", 7, 1, 2, 2}, []any{l.NoWorker, l.Total, len(l.Orders), len(l.Stuck), len(l.Letters)})
	require.Equal(t, "2", l.Letters[0].ID, "the oldest first")
	const each = "money held: 1.00 EUR, stock held: 2 units"
	require.Equal(t, []string{each, each, each}, []string{l.Orders[0].Holds.String(), l.Stuck[1].Holds.String(), l.Letters[1].Holds.String()})
	require.Equal(t, "money held: 3.00 EUR, stock held: 6 units", l.Holds.String(), "each order counts once")
	require.Empty(t, l.NotAsked)
	require.False(t, l.Empty())
}

func TestASourceThatIsAwayHidesNoOther(t *testing.T) {
	t.Parallel()

	s := sources()
	s.Silent = func(context.Context) (string, error) { return "", errGone }
	letters := s.Letters
	s.Letters = func(ctx context.Context, service string) ([]needs.Letter, error) {
		if service == "payment" {
			return nil, errGone
		}
		return letters(ctx, service)
	}
	s.Exposure = func(context.Context, string, []string) (map[string]exposure.Exposure, error) { return nil, errGone }
	l, err := needs.Gather(t.Context(), s)
	require.NoError(t, err)
	require.Equal(t, []int{1, 0, 1}, []int{len(l.Orders), len(l.Stuck), len(l.Letters)})
	require.Equal(t, map[string]string{
		"engine": "it is gone", "dead letters of payment": "it is gone", "holdings at payment": "it is gone", "holdings at inventory": "it is gone",
	}, l.NotAsked)

	s.Flagged = func(context.Context) ([]watch.FlaggedOrder, int, error) { return nil, 0, errGone }
	_, err = needs.Gather(t.Context(), s)
	require.ErrorIs(t, err, errGone)
}

func TestNothingNeedsAnOperator(t *testing.T) {
	t.Parallel()

	s := sources()
	s.Flagged = func(context.Context) ([]watch.FlaggedOrder, int, error) { return []watch.FlaggedOrder{}, 0, nil }
	s.Silent = func(context.Context) (string, error) { return "", nil }
	s.Stuck = func(context.Context, bool) (stuck.Report, error) { return stuck.Report{}, nil }
	s.Services = nil
	l, err := needs.Gather(t.Context(), s)
	require.NoError(t, err)
	require.True(t, l.Empty())
	require.True(t, l.Holds.IsZero())
}
