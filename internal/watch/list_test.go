package watch

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/activities"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/proof/watchtest"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/saga/ledger"
	"github.com/amends/amends/services/order"
)

func watchOf(b *watchtest.Shop) *Watch {
	return New(Config{Orders: b.Store, Words: NewWords(activities.Words{
		Codes:   map[fault.Code]string{"PROVIDER_TIMEOUT": "the payment provider gave no answer"},
		Unknown: map[string]string{"payment.authorize": "the money is still held"},
	})})
}

// An acknowledged order is on the other list.
func TestAcknowledgedOrders(t *testing.T) {
	t.Parallel()
	b := watchtest.New(t, nil)
	acknowledge := func(id string, at time.Time) {
		_, err := b.Store.Cancel(t.Context(), key.New(id, "order.cancel"), order.Closing{Reason: order.Internal})
		require.NoError(t, err)
		_, err = b.Store.Acknowledge(t.Context(), key.New(id, "order.acknowledge"),
			ledger.Acknowledgement{Reason: "read the log", Operator: "night", At: at})
		require.NoError(t, err)
	}
	now := time.Now().UTC().Truncate(time.Microsecond)
	first, last, flagged := b.Flag(t, now), b.Flag(t, now), b.Flag(t, now)
	acknowledge(first, now.Add(time.Hour))
	acknowledge(last, now.Add(2*time.Hour))

	found, all, err := watchOf(b).Acknowledged(t.Context(), "CANCELLED", 1)
	require.NoError(t, err)
	require.Equal(t, 2, all)
	require.Len(t, found, 1)
	require.Equal(t, last, found[0].ID, "the latest comes first")
	require.Empty(t, found[0].Attention)
	require.Equal(t, "night", found[0].Acknowledgements[0].Operator)
	require.Equal(t, "payment.authorize", found[0].Acknowledgements[0].Flags[0].Step)

	found, all, err = watchOf(b).Flagged(t.Context(), "", 10)
	require.NoError(t, err)
	require.Equal(t, 1, all)
	require.Equal(t, flagged, found[0].ID)
	require.NotNil(t, found[0].Acknowledgements, "in JSON a list too")
}

func TestFlaggedOrders(t *testing.T) {
	t.Parallel()
	b := watchtest.New(t, nil)
	now := time.Now().UTC().Truncate(time.Microsecond)
	late, early := b.Flag(t, now), b.Flag(t, now.Add(-time.Hour))
	b.Place(t, time.Time{})

	found, all, err := watchOf(b).Flagged(t.Context(), "", 1)
	require.NoError(t, err)
	require.Equal(t, 2, all)
	require.Len(t, found, 1)
	require.Equal(t, early, found[0].ID, "the longest waiting comes first")
	require.Equal(t, []Flag{{
		Step: "payment.authorize", Code: "PROVIDER_TIMEOUT", Kind: "unknown", Owed: "money held", Since: now.Add(-time.Hour),
		Reason: "it is not known whether the money is still held: the payment provider gave no answer",
	}}, found[0].Attention)
	require.Equal(t, "night", found[0].Waivers[0].Operator)

	found, _, err = watchOf(b).Flagged(t.Context(), "PENDING", 10)
	require.NoError(t, err)
	require.Equal(t, late, found[1].ID)
	found, all, err = watchOf(b).Flagged(t.Context(), "CONFIRMED", 10)
	require.NoError(t, err)
	require.Empty(t, found)
	require.Zero(t, all)
	_, _, err = watchOf(b).Flagged(t.Context(), "OPEN", 10)
	require.ErrorContains(t, err, "is not a status")
}
