package service_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/config/service"
)

func TestFormerQueues(t *testing.T) {
	t.Parallel()
	all := service.Default([]service.Section{{Name: "order"}, {Name: "payment"}, {Name: "shipping"}})
	require.Equal(t, map[string]string{"order": "amends-order", "payment": "amends-payment", "shipping": "amends-shipping"}, all.Queues())
	require.Equal(t, map[string]string{"order": "order", "payment": "payment", "shipping": "shipping"}, all.Former())

	all[1].Queue = "money" // was configured before, too
	all[2].Queue = "order" // which is another service's former one
	require.Empty(t, all.Former())
}
