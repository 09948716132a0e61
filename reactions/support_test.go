package reactions_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/event"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/reactions"
	"github.com/amends/amends/services/order/erased"
	"github.com/amends/amends/services/user"
)

func TestSupportFollowsErasures(t *testing.T) {
	t.Parallel()
	gone, err := reactions.Support(of(user.ErasedFact, user.ErasedData{Account: account}))
	require.NoError(t, err)
	require.Equal(t, reactions.Erased{Account: account}, gone)
	gone, err = reactions.Support(of(erased.Fact, erased.Data{Order: "order-1"}))
	require.NoError(t, err)
	require.Equal(t, reactions.Erased{Order: "order-1"}, gone)
	for _, e := range []event.Event{
		of(user.RegisteredFact, user.RegisteredData{Account: account}),
		{ID: "e1", Type: user.ErasedFact.Type(), Data: json.RawMessage(`[]`)},
		{ID: "e1", Type: erased.Fact.Type(), Data: json.RawMessage(`[]`)},
	} {
		_, err = reactions.Support(e)
		require.Equal(t, fault.Bug, fault.KindOf(err), e.Type)
	}
}

func TestErasuresAreOfAccountsAndOfOrders(t *testing.T) {
	t.Parallel()
	accounts, orders, err := reactions.Erasures([]event.Event{
		of(user.ErasedFact, user.ErasedData{Account: "a"}), of(erased.Fact, erased.Data{Order: "o"}), of(user.ErasedFact, user.ErasedData{Account: "b"}),
	})
	require.NoError(t, err)
	require.Equal(t, []string{"a", "b"}, accounts)
	require.Equal(t, []string{"o"}, orders)
	_, _, err = reactions.Erasures([]event.Event{of(user.RegisteredFact, user.RegisteredData{Account: "a"})})
	require.Equal(t, fault.Bug, fault.KindOf(err))
}
