package e2e_test

import (
	"errors"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/workflowservice/v1"

	"github.com/amends/amends/internal/orders/place"
	"github.com/amends/amends/services/order"
)

// 400 keys, each placed five times at once: one order and one saga for each.
func TestConcurrentCopiesOfAPlacementAreOneOrder(t *testing.T) {
	t.Parallel()

	const keys, copies, clients = 400, 5, 40
	p := newPlatform(t, 10*time.Minute)
	body := lines("TEA", 1)
	for k, v := range placement() {
		if _, ok := body[k]; !ok {
			body[k] = v
		}
	}
	body["customer_id"] = "copies-" + uuid.NewString()

	jobs := make(chan string)
	var (
		mu       sync.Mutex
		ids      = map[string]map[string]bool{} // key -> ids answered
		replayed = map[string]int{}
		unsure   = map[string]bool{} // the first answer may have been lost
		failures error
		group    sync.WaitGroup
	)
	for range clients {
		group.Go(func() {
			for key := range jobs {
				r, err := p.tryPlace(t.Context(), key, "", body)
				doubt := false
				for err == nil && r.status == http.StatusServiceUnavailable { // it has waited for its turn already
					doubt = doubt || r.code == string(place.PlacementUnknown)
					r, err = p.tryPlace(t.Context(), key, "", body)
				}
				mu.Lock()
				unsure[key] = unsure[key] || doubt
				failures = errors.Join(failures, err)
				if ids[key] == nil {
					ids[key] = map[string]bool{}
				}
				if r.status == http.StatusAccepted {
					ids[key][r.order.ID] = true
				}
				if r.header.Get("Idempotency-Replayed") == "true" {
					replayed[key]++
				}
				mu.Unlock()
			}
		})
	}
	run := uuid.NewString()
	for k := range keys {
		for range copies {
			jobs <- run + "-" + time.Duration(k).String()
		}
	}
	close(jobs)
	group.Wait()
	require.NoError(t, failures)

	orders := map[string]bool{}
	for key, answered := range ids {
		require.Len(t, answered, 1, "every copy of %s is answered with the same order", key)
		if unsure[key] {
			require.GreaterOrEqual(t, replayed[key], copies-1, "at most one is none")
		} else {
			require.Equal(t, copies-1, replayed[key], "all but one are replays")
		}
		for id := range answered {
			orders[id] = true
		}
	}
	require.Len(t, orders, keys)
	for id := range orders {
		require.Equal(t, confirmed, decided(t, id).Status)
	}
	require.NoError(t, p.Check(t.Context()))
	records, err := p.Orders.List(t.Context(), order.Filter{Limit: 2 * keys})
	require.NoError(t, err)
	require.Len(t, records, keys)
	stock, err := p.Inventory.Stock(t.Context(), "TEA")
	require.NoError(t, err)
	require.EqualValues(t, keys, stock[0].Committed+stock[1].Committed)

	query := "WorkflowType = 'PlaceOrder' AND TaskQueue = '" + p.queues["order"] + "'"
	eventually(t, "visibility lists the sagas", func() bool {
		n, err := server.CountWorkflow(t.Context(), &workflowservice.CountWorkflowExecutionsRequest{Query: query})
		return err == nil && n.GetCount() == keys
	})
}
