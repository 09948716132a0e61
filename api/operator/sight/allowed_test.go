package sight

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/internal/orders/read"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/workflows"
)

func TestAChoreographedOrderCanBeNudgedUntilItIsDecided(t *testing.T) {
	t.Parallel()
	s := read.Snapshot{OrderView: workflows.OrderView{Status: workflows.StatusPending, Style: order.Choreographed}}
	require.Equal(t, contract.AllowNudge, allowed(s)[0].Action)
	s.Status = workflows.StatusCancelled
	require.Empty(t, allowed(s))
}

func TestAConfirmedOrderCanBePaidBackUpToTheRest(t *testing.T) {
	t.Parallel()
	s := read.Snapshot{OrderView: workflows.OrderView{Status: workflows.StatusConfirmed, Total: new(money.New(1000, "EUR")), Refunded: new(money.New(300, "EUR"))}}
	require.Equal(t, &contract.Money{Amount: 700, Currency: "EUR"}, allowed(s)[0].Most)
	s.Refunded = new(money.New(1000, "EUR"))
	require.Empty(t, allowed(s))
	s.Total = nil
	require.Empty(t, allowed(s))
}
