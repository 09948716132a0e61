package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/discovery"
	"github.com/amends/amends/internal/discovery/kv"
	"github.com/amends/amends/proof/brokertest"
)

func TestServicesListsWhoAnswers(t *testing.T) {
	t.Parallel()
	broker := brokertest.Start(t)
	said := func(args ...string) string {
		out, err := once(t, nil, append([]string{"services", "--broker-url", broker.URL()}, args...)...)
		require.NoError(t, err)
		return out
	}
	require.Empty(t, said())
	require.JSONEq(t, "[]", said("--json"))

	registry, err := kv.New(broker.Connect(), time.Hour)
	require.NoError(t, err)
	for _, service := range []string{"payment", "catalog"} {
		require.NoError(t, registry.Put(t.Context(), discovery.Instance{
			Service: service, ID: "shop-1-abcdefgh", Address: "10.0.0.1:7080", Version: "v0.2.0-rc.1.0.20261129084645-b54f0d3aaaaa",
			Started: time.Now().Add(-26 * time.Hour), Load: discovery.Load{InFlight: 7, Calls: 123456, Errors: 42},
		}))
	}
	require.Contains(t, said(), "catalog\t10.0.0.1:7080\tshop-1-abcdefgh\tv0.2.0-rc.1.0.20261129084645-b54f0d3aaaaa\t1d02h\t7\t123456\t42\npayment")
	var all []struct {
		Service, Instance, Address, Version string
		InFlight                            int64 `json:"in_flight"`
		Calls, Errors                       int64
		Age                                 int64 `json:"age_seconds"`
	}
	require.NoError(t, json.Unmarshal([]byte(said("--json")), &all))
	require.Len(t, all, 2)
	require.Equal(t, "catalog", all[0].Service)
	require.Equal(t, int64(7), all[0].InFlight)
	require.InDelta(t, 26*3600, all[0].Age, 600)
	require.True(t, strings.HasSuffix(all[0].Version, "b54f0d3aaaaa"), "the whole version")
}

func TestServicesSaysThatTheBrokerIsAway(t *testing.T) {
	t.Parallel()
	_, err := once(t, nil, "services")
	require.EqualError(t, err, "broker.url: must be set: the broker has the instances; an `amends dev` registers nothing there")
	_, err = once(t, nil, "services", "--broker-url", "nats://127.0.0.1:1")
	require.ErrorContains(t, err, "broker.url: cannot reach the broker")
}
