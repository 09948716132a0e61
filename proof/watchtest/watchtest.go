// Package watchtest has an order service's database and an engine for tests that look
// for orders that need a person.
package watchtest

import (
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	sdkworker "go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/internal/dev/temporal"
	"github.com/amends/amends/internal/engine"
	"github.com/amends/amends/internal/watch/queue"
	"github.com/amends/amends/proof/enginetest"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/saga/ledger"
	"github.com/amends/amends/services/order"
	orderstore "github.com/amends/amends/services/order/store"
	"github.com/amends/amends/workflows"
)

// OnEngine starts a dev server and connects to it.
func OnEngine(t *testing.T) *engine.Client {
	t.Helper()
	s := enginetest.Start(t, temporal.Options{})
	c, err := engine.Dial(engine.Options{Address: s.Address, Isolated: true})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

// Shop is an order service's database, and the queues of all services on an engine.
type Shop struct {
	Store  *orderstore.Store
	Engine *engine.Client
	Queues []queue.Queue
}

// New returns a shop without orders on c, which may be nil.
func New(t *testing.T, c *engine.Client) *Shop {
	t.Helper()
	db, err := database.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "order.db"), database.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, database.Close(db)) })
	require.NoError(t, orderstore.Schema.Migrate(t.Context(), db))
	s := &Shop{Store: orderstore.New(db), Engine: c}
	for _, name := range []string{"order", "catalog", "inventory", "payment", "shipping"} {
		s.Queues = append(s.Queues, queue.Queue{Service: name, Name: name + "-" + uuid.NewString(), Decides: name == "order"})
	}
	return s
}

// Queue returns the name of a service's task queue.
func (s *Shop) Queue(service string) string {
	return s.Queues[slices.IndexFunc(s.Queues, func(q queue.Queue) bool { return q.Service == service })].Name
}

// Place writes an order that is PENDING, to be decided by a time.
func (s *Shop) Place(t *testing.T, decideBy time.Time) (id string) {
	t.Helper()
	id = uuid.NewString()
	_, err := s.Store.Create(t.Context(), key.Key{Saga: id, Step: "order.create"}, order.Placement{
		CustomerID: "cus_1", Currency: "EUR", Lines: []order.Line{{SKU: "MUG", Quantity: 1}}, DecideBy: decideBy,
	})
	require.NoError(t, err)
	return id
}

// Flag places an order and flags a step of it, whose undo an operator has waived.
func (s *Shop) Flag(t *testing.T, since time.Time) (id string) {
	t.Helper()
	id = s.Place(t, time.Time{})
	require.NoError(t, s.Store.Note(t.Context(), key.Key{Saga: id, Step: "order.note"}, order.Note{
		At:        time.Now().UTC(),
		Attention: []ledger.Attention{{Step: "payment.authorize", Code: "PROVIDER_TIMEOUT", Kind: "unknown", Owed: "money held", Since: since, Lasting: true}},
		Waivers:   []ledger.Waiver{{Step: "shipping.book", Owed: "parcels booked", Operator: "night"}},
	}))
	return id
}

// Serve runs a worker of the order's queue that polls for decisions only, with a
// workflow as given.
func (s *Shop) Serve(t *testing.T, w any) (stop func()) {
	t.Helper()
	worker := sdkworker.New(s.Engine.Client, s.Queue("order"), sdkworker.Options{LocalActivityWorkerOnly: true})
	worker.RegisterWorkflowWithOptions(w, workflow.RegisterOptions{Name: workflows.PlaceOrder})
	require.NoError(t, worker.Start())
	stopped := false
	stop = func() {
		if !stopped {
			worker.Stop()
		}
		stopped = true
	}
	t.Cleanup(stop)
	return stop
}

// Idle is a workflow that waits for ever.
func Idle(ctx workflow.Context) error { return workflow.Await(ctx, func() bool { return false }) }
