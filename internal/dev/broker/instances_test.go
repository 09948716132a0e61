package broker_test

import (
	"context"
	"testing"
	"time"

	natsjs "github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"github.com/amends/amends/event/jetstream"
	"github.com/amends/amends/internal/dev/broker"
	"github.com/amends/amends/internal/discovery"
	"github.com/amends/amends/internal/discovery/kv"
)

// TestAServiceRegistersForItselfOnly has a service and the API as users: both see the
// instances, and neither can stand in for another service.
func TestAServiceRegistersForItselfOnly(t *testing.T) {
	t.Parallel()
	s := start(t, broker.Options{Dir: t.TempDir(), Users: []broker.User{
		{Name: "payment", Secret: "correct-horse-battery", Services: []string{"payment"}},
		{Name: "api", Secret: "another-long-secret", Services: []string{"api"}},
	}})
	connect := func(user, password string) natsjs.JetStream {
		js, err := natsjs.New(open(t, s, jetstream.Options{User: user, Password: password}).Conn())
		require.NoError(t, err)
		return js
	}
	registry := func(user, password string) discovery.Registry {
		r, err := kv.New(connect(user, password), time.Hour)
		require.NoError(t, err)
		return r
	}
	within, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	payment, api := registry("payment", "correct-horse-battery"), registry("api", "another-long-secret")
	i := discovery.Instance{Service: "payment", ID: "a", Address: "10.0.0.1:7080"}
	require.NoError(t, payment.Put(within, i))

	watching, stop := context.WithCancel(within)
	var seen []discovery.Change
	require.NoError(t, api.Watch(watching, "payment", func(c discovery.Change) { seen = append(seen, c); stop() }))
	require.Equal(t, discovery.Listed, seen[0].Kind)
	require.Len(t, seen[0].Instances, 1)
	all, err := api.All(within)
	require.NoError(t, err)
	require.Len(t, all, 1)

	short, cut := context.WithTimeout(within, 500*time.Millisecond)
	defer cut()
	i.ID = "intruder"
	require.Error(t, api.Put(short, i))
	all, err = payment.All(within)
	require.NoError(t, err)
	require.Len(t, all, 1)
	require.NoError(t, payment.Remove(within, "payment", "a"))

	for doing, f := range map[string]func(context.Context, natsjs.JetStream) error{
		"change": func(ctx context.Context, js natsjs.JetStream) error {
			_, err := js.UpdateKeyValue(ctx, natsjs.KeyValueConfig{Bucket: kv.Bucket, History: 2, LimitMarkerTTL: time.Minute})
			return err
		},
		"delete": func(ctx context.Context, js natsjs.JetStream) error { return js.DeleteKeyValue(ctx, kv.Bucket) },
	} {
		ctx, cut := context.WithTimeout(within, 500*time.Millisecond)
		require.ErrorIs(t, f(ctx, connect("api", "another-long-secret")), context.DeadlineExceeded, "%s the bucket", doing)
		cut()
	}
}
