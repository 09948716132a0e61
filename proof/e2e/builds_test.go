package e2e_test

import (
	"log/slog"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/amends/amends/api"
	"github.com/amends/amends/internal/orders/attribute"
	"github.com/amends/amends/internal/watch/builds"
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/proof/shoptest"
	"github.com/amends/amends/worker"
)

// TestAnOlderBuildMayGoWhenAnotherPollsItsQueue: two builds of the order service, one after
// the other, have a saga that waits for the other services.
func TestAnOlderBuildMayGoWhenAnotherPollsItsQueue(t *testing.T) {
	t.Parallel()
	dsn := dbtest.SQLite
	dsns := shoptest.DSNs{Order: dsn(t), Catalog: dsn(t), Inventory: dsn(t), Payment: dsn(t), Provider: dsn(t), Shipping: dsn(t), Carrier: dsn(t)}
	shoptest.Open(t, dsns, true).Seed(t)
	queues := map[string]string{}
	for _, service := range services {
		queues[service] = service + "-" + uuid.NewString()
	}
	older, newer := "older-"+uuid.NewString(), "newer-"+uuid.NewString()
	runs := func(build string) {
		runGroup(t, worker.Options{
			Services: map[string]worker.Service{"order": {DSN: dsns.Order}}, Queues: queues, Build: build,
			Attributes: attribute.All, Logger: slog.New(slog.DiscardHandler),
		})
	}
	// The engine also has the sagas of other tests, so each search asks for its own builds.
	find := func() (was, is builds.Build) {
		r, err := builds.Find(t.Context(), builds.Config{Engine: server, Queues: []string{queues["order"]}, This: newer, Most: 1000})
		require.NoError(t, err)
		named := func(name string) (b builds.Build) {
			if i := slices.IndexFunc(r.Builds, func(b builds.Build) bool { return b.Name == name }); i >= 0 {
				b = r.Builds[i]
			}
			return b
		}
		return named(older), named(newer)
	}

	runs(older)
	c := api.DefaultConfig()
	c.GuestSecret, c.Orders.Queue = guestSecret, queues["order"]
	a, err := api.New(c, server.Client, api.WithLogger(slog.New(slog.DiscardHandler)))
	require.NoError(t, err)
	h := httptest.NewServer(a)
	t.Cleanup(h.Close)
	shop := shopper{h.URL}
	shop.insist(t, "", "", placement())
	var was builds.Build
	eventually(t, "the saga is the older build's", func() bool { was, _ = find(); return was.Sagas == 1 })
	require.Equal(t, builds.Build{
		Name: older, Polls: []string{queues["order"]}, Sagas: 1, Blocks: []string{"this build does not poll " + queues["order"]},
	}, was)

	runs(newer)
	eventually(t, "the newer build polls", func() bool { _, b := find(); return len(b.Polls) == 1 })
	was, _ = find()
	require.True(t, was.MayGo, "%+v: its saga replays", was)
	require.Equal(t, 1, was.Sagas)

	eventually(t, "the newer build has a saga", func() bool {
		shop.insist(t, "", "", placement())
		_, b := find()
		return b.Sagas > 0
	})
}
