package serve

import (
	"context"

	"github.com/amends/amends/event/inbox/retry"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/orders"
)

// retrying returns how the services are asked to try their steps again, each by its own name.
func retrying(letters map[string]retry.Retrier) orders.Retrier {
	return func(ctx context.Context, service, order, reason, operator string) error {
		again, known := letters[service]
		if !known {
			return fault.Errorf(fault.Business, fault.NotFound, "there is no service %.32q", service)
		}
		return again(ctx, retry.Request{Group: service, Key: order, Reason: reason, Operator: operator})
	}
}
