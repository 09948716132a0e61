package broker_test

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nkeys"
	"github.com/stretchr/testify/require"

	"github.com/amends/amends/event"
	"github.com/amends/amends/event/jetstream"
	"github.com/amends/amends/internal/dev/broker"
)

func start(t *testing.T, o broker.Options) *broker.Server {
	s, err := broker.Start(context.Background(), o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Stop()) })
	return s
}

func open(t *testing.T, s *broker.Server, o jetstream.Options) *jetstream.Bus {
	bus, err := jetstream.Open(s.URL(), o)
	require.NoError(t, err)
	t.Cleanup(bus.Close)
	return bus
}

func ready(t *testing.T, bus *jetstream.Bus) {
	require.Eventually(t, func() bool { return bus.Ready(t.Context()) == nil }, time.Minute, 10*time.Millisecond)
}

func told(service string) []event.Message {
	return []event.Message{{ID: service, Topic: "evt." + service + ".happened", Key: "k", Data: []byte("{}")}}
}

func TestRefusesASecondServerOnTheSameFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first := start(t, broker.Options{Dir: dir})
	_, err := broker.Start(t.Context(), broker.Options{Dir: dir})
	require.ErrorContains(t, err, "data_dir: "+dir+" is in use by another amends")
	require.NotContains(t, err.Error(), "\n")
	require.NoError(t, first.Stop())
	start(t, broker.Options{Dir: dir})
}

// TestABrokerLeavesAndReturns: the client connects again by itself, and no event is lost.
func TestABrokerLeavesAndReturns(t *testing.T) {
	t.Parallel()
	s := start(t, broker.Options{Dir: t.TempDir()})
	bus, url := open(t, s, jetstream.Options{}), s.URL()
	ready(t, bus)
	_, err := bus.Publish(t.Context(), told("order"))
	require.NoError(t, err)
	require.NoError(t, s.Leave())
	require.NoError(t, s.Leave())
	require.Eventually(t, func() bool { return bus.Ready(t.Context()) != nil }, time.Minute, 10*time.Millisecond)

	require.NoError(t, s.Return(t.Context()))
	require.NoError(t, s.Return(t.Context()))
	require.Equal(t, url, s.URL())
	ready(t, bus)
	last, err := bus.Last(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 1, last)
}

func TestRefusesAPortInUse(t *testing.T) {
	t.Parallel()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { require.NoError(t, l.Close()) }()
	dir := t.TempDir()
	_, err = broker.Start(t.Context(), broker.Options{Dir: dir, Port: l.Addr().(*net.TCPAddr).Port}) //nolint:errcheck // a listener of TCP
	require.ErrorContains(t, err, "is in use")
	start(t, broker.Options{Dir: dir}) // the folder is free
}

func TestRefusesOtherMachinesWithoutUsers(t *testing.T) {
	t.Parallel()
	_, err := broker.Start(t.Context(), broker.Options{Dir: t.TempDir(), Host: "0.0.0.0"})
	require.ErrorContains(t, err, "needs users or client certificates")
}

func TestKeepsEventsThroughAStop(t *testing.T) {
	t.Parallel()
	for _, durable := range []bool{false, true} {
		dir := t.TempDir()
		s := start(t, broker.Options{Dir: dir, Durable: durable})
		bus := open(t, s, jetstream.Options{})
		ready(t, bus)
		positions, err := bus.Publish(t.Context(), told("order"))
		require.NoError(t, err)
		require.NoError(t, s.Stop())
		bus = open(t, start(t, broker.Options{Dir: dir, Durable: durable}), jetstream.Options{})
		ready(t, bus)
		holds, err := bus.Holds(t.Context(), positions[0], "order")
		require.NoError(t, err)
		require.True(t, holds)
	}
}

func TestFailsWhenItsStoreIsFull(t *testing.T) {
	t.Parallel()
	bus := open(t, start(t, broker.Options{Dir: t.TempDir(), MaxStore: 200_000}), jetstream.Options{})
	ready(t, bus)
	var err error
	for i := 0; i < 1000 && err == nil; i++ {
		m := told("order")
		m[0].ID, m[0].Data = strings.Repeat("x", i+1), make([]byte, 10_000)
		_, err = bus.Publish(t.Context(), m)
	}
	require.ErrorContains(t, err, "insufficient", "publishing fails in words, and does not hang")
}

// TestKeepsServicesApart has a user with a password and one with an nkey.
func TestKeepsServicesApart(t *testing.T) {
	t.Parallel()
	pair, err := nkeys.CreateUser()
	require.NoError(t, err)
	public, err := pair.PublicKey()
	require.NoError(t, err)
	seed, err := pair.Seed()
	require.NoError(t, err)
	dir := t.TempDir()
	seedFile, usersFile := filepath.Join(dir, "payment.nk"), filepath.Join(dir, "users")
	require.NoError(t, os.WriteFile(seedFile, seed, 0o600))
	require.NoError(t, os.WriteFile(usersFile, []byte("# who may tell\norder correct-horse-battery\n\npayment "+public+"\nworker another-long-secret shipping inventory\n"), 0o600))
	users, err := broker.ReadUsers(usersFile)
	require.NoError(t, err)
	s := start(t, broker.Options{Dir: dir, Users: users})

	order := open(t, s, jetstream.Options{User: "order", Password: "correct-horse-battery"})
	ready(t, order)
	_, err = order.Publish(t.Context(), told("order"))
	require.NoError(t, err)
	short, stop := context.WithTimeout(t.Context(), 3*time.Second)
	defer stop()
	_, err = order.Publish(short, told("payment"))
	require.ErrorContains(t, err, "ermissions", "the order service tells a fact of payment")

	payment := open(t, s, jetstream.Options{SeedFile: seedFile})
	ready(t, payment)
	_, err = payment.Publish(t.Context(), told("payment"))
	require.NoError(t, err)
	require.Equal(t, []string{"order", "payment"}, heard(t, payment, "payment", 2))

	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	require.NoError(t, payment.Consume(ctx, "order", []string{"evt.order.happened"}, func(context.Context, []event.Message) error {
		t.Error("payment hears in the group of order")
		return nil
	}))

	oldest, err := payment.Oldest(t.Context(), "order", []string{"evt.payment.happened"})
	require.NoError(t, err, "whether another group listens may be asked")
	require.NotZero(t, oldest, "it never has")

	worker := open(t, s, jetstream.Options{User: "worker", Password: "another-long-secret"})
	ready(t, worker)
	_, err = worker.Publish(t.Context(), append(told("shipping"), told("inventory")...))
	require.NoError(t, err)

	require.Equal(t, []string{"inventory", "order", "payment", "shipping"}, slices.Sorted(slices.Values(heard(t, worker, "inventory", 4))))

	for _, wrong := range []jetstream.Options{{}, {User: "order", Password: "another-long-secret"}} {
		bus := open(t, s, wrong)
		require.Error(t, bus.Ready(t.Context()))
	}
}

// heard returns the services whose facts a group hears, until there are n.
func heard(t *testing.T, bus *jetstream.Bus, group string, n int) (services []string) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	require.NoError(t, bus.Consume(ctx, group, []string{"evt.order.happened", "evt.payment.happened", "evt.shipping.happened", "evt.inventory.happened"}, func(_ context.Context, batch []event.Message) error {
		for _, m := range batch {
			services = append(services, strings.Split(m.Topic, ".")[1])
		}
		if len(services) >= n {
			cancel()
		}
		return nil
	}))
	return services
}

func TestReadUsersRefuses(t *testing.T) {
	t.Parallel()
	for content, problem := range map[string]string{
		"":                               "names none",
		"order":                          "line 1: must be: name secret [service…]",
		"# x\norder short":               "line 2: the secret must be an nkey or have at least 16 characters",
		"order correct-horse-battery A>": `"A>" is not the name of a service`,
		"Order correct-horse-battery":    `"Order" is not the name of a service`,
	} {
		path := filepath.Join(t.TempDir(), "users")
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
		_, err := broker.ReadUsers(path)
		require.ErrorContains(t, err, problem, content)
	}
	path := filepath.Join(t.TempDir(), "open")
	require.NoError(t, os.WriteFile(path, []byte("order correct-horse-battery"), 0o600))
	require.NoError(t, os.Chmod(path, 0o644))
	_, err := broker.ReadUsers(path)
	require.ErrorContains(t, err, "other users can read")
}
