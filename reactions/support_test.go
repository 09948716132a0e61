package reactions_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/event"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/reactions"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/services/user"
)

func TestSupportFollowsErasures(t *testing.T) {
	t.Parallel()
	erased, err := reactions.Support(of(user.ErasedFact, user.ErasedData{Account: account}))
	require.NoError(t, err)
	require.Equal(t, reactions.Erased{Account: account}, erased)
	erased, err = reactions.Support(of(order.ErasedFact, order.ErasedData{Order: "order-1"}))
	require.NoError(t, err)
	require.Equal(t, reactions.Erased{Order: "order-1"}, erased)
	for _, e := range []event.Event{
		of(user.RegisteredFact, user.RegisteredData{Account: account}),
		{ID: "e1", Type: user.ErasedFact.Type(), Data: json.RawMessage(`[]`)},
		{ID: "e1", Type: order.ErasedFact.Type(), Data: json.RawMessage(`[]`)},
	} {
		_, err = reactions.Support(e)
		require.Equal(t, fault.Bug, fault.KindOf(err), e.Type)
	}
}
