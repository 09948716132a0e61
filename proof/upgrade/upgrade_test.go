//go:build whole

package upgrade_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/activities"
	"github.com/amends/amends/internal/watch/builds"
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/proof/load"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/workflows/doctor"
)

// mix has every kind of order.
func mix(choreographed float64) load.Mix {
	m := load.Mix{load.Declined: 10, load.OutOfStock: 5, load.Undeliverable: 5, load.Cancelled: 10, load.Slow: 20, load.Duplicate: 10}
	if choreographed > 0 {
		m[load.Choreographed] = choreographed
	}
	return m
}

// patient are settings of orders that outlive the tests, and are flagged early.
var patient = []string{"AMENDS_SAGA_PARK_AFTER=10s", "AMENDS_SAGA_DECIDE_AFTER=1h", "AMENDS_DOCTOR_EVERY=0"}

// last returns the last release.
func last(bin string) release {
	return release{name: "the last release", bin: bin, environ: patient, api: []string{"AMENDS_PLACEMENT_TIMEOUT=2s"}}
}

// current returns this build under a name.
func (s *stand) current(bin, name string) release {
	return release{
		name: name, bin: bin,
		environ: append([]string{
			"AMENDS_WORKER_BUILD=" + name, "AMENDS_BROKER_URL=" + s.broker, "AMENDS_IDENTITY_SECRETS_FILE=" + s.callers,
			"AMENDS_DOCTOR_FOLLOWERS=false",
		}, patient...),
		worker: []string{"AMENDS_RPC_LISTEN=127.0.0.1:0"},
		api:    []string{"AMENDS_PLACEMENT_TIMEOUT=2s", "AMENDS_AUTH=optional", "AMENDS_GUEST_SECRET=" + guestSecret},
	}
}

// prepare installs the last release, with stock.
func (s *stand) prepare(r release) {
	s.t.Helper()
	s.do(r, append([]string{"migrate"}, services...)...)
	s.do(r, "migrate", "temporal")
	const products = `[
		{"sku": "TEA", "name": "Tea", "category": "tea", "price": {"amount": 1299, "currency": "EUR"}, "active": true},
		{"sku": "MUG", "name": "Mug", "category": "ware", "price": {"amount": 1850, "currency": "EUR"}, "active": true},
		{"sku": "KETTLE", "name": "Kettle", "category": "ware", "price": {"amount": 8900, "currency": "EUR"}, "active": true},
		{"sku": "SOLD-OUT", "name": "Sold out", "category": "tea", "price": {"amount": 999, "currency": "EUR"}, "active": true}]`
	file := filepath.Join(s.dir, "products.json")
	require.NoError(s.t, os.WriteFile(file, []byte(products), 0o600))
	s.do(r, "catalog", "import", file)
	for sku, warehouse := range map[string]string{"TEA": "AMS", "MUG": "BER", "KETTLE": "AMS"} {
		s.do(r, "stock", "receive", sku, "10000", "--warehouse", warehouse, "--new")
	}
	s.begin(r, services...)
	s.begin(r, "api")
}

// startBroker is step 3 of the page.
func (s *stand) startBroker(bin string) {
	s.t.Helper()
	address := s.free()
	s.broker = "nats://" + address
	s.run(&process{}, release{name: "broker", bin: bin}, []string{"HOME=" + s.dir}, "broker", "--data-dir", s.t.TempDir(), "--broker-listen", address)
}

// versions returns what a release says of a build; one that is not listed polls nothing and
// has no saga. An engine under load may not answer in time: the question is repeated.
func (s *stand) versions(r release, of func(builds.Build) bool) builds.Build {
	s.t.Helper()
	var report builds.Report
	s.until("the builds are known", func(context.Context) bool {
		out, _, err := s.try(r, "versions", "--json") //nolint:contextcheck // a command has the context of the test
		return err == nil && json.Unmarshal([]byte(out), &report) == nil
	})
	if i := slices.IndexFunc(report.Builds, of); i >= 0 {
		return report.Builds[i]
	}
	return builds.Build{MayGo: true}
}

// other accepts the builds that are not named so.
func other(name string) func(builds.Build) bool {
	return func(b builds.Build) bool { return b.Name != name }
}

// sound requires that all that has happened is right: every history replays on a release,
// and it is judged so.
func (s *stand) sound(r release) {
	s.t.Helper()
	s.do(r, "replay", "--quiet", "--query", "WorkflowType = 'PlaceOrder'")
	s.judged(r)
}

// judged requires that every order is decided, that a release's doctor judges each and finds
// nothing, and that the databases keep the platform's promises.
func (s *stand) judged(r release) {
	s.t.Helper()
	shop, all := s.shop(), int64(0)
	require.NoError(s.t, shop.Book("order").WithContext(s.t.Context()).Table("orders").Count(&all).Error)
	// The decide-by is so late that no order is aborted because the machine is slow, and the
	// doctor judges none before. These had their time.
	require.NoError(s.t, shop.Damage(s.t.Context(), "order", "UPDATE orders SET decide_by = created_at"))
	var out, said string
	defer func() {
		if s.t.Failed() {
			s.t.Logf("the doctor of %s, of %d orders: %s%s", r.name, all, out, said)
		}
	}()
	// A cancelled order without a workflow is undone after its decision. The exit code says no
	// more than the report.
	s.until("the doctor of "+r.name+" judges all orders, and finds nothing", func(context.Context) bool {
		out, said, _ = s.try(r, "doctor", "--dry-run", "--json", "--grace", "1s", "--pause", "1s") //nolint:contextcheck // a command has the context of the test
		var report doctor.Report
		return json.Unmarshal([]byte(out), &report) == nil && report.OK && int64(report.Judged) == all
	})
	require.NoError(s.t, shop.Check(s.t.Context()))
	s.t.Logf("upgrade: %d orders are sound, by the doctor of %s and by the rows of all services", all, r.name)
}

// TestUpgrade follows the page from the last release to this build under load, with orders
// of every kind in flight. Then another build takes over from this one, worker by worker,
// with choreographed orders too, and this one again from that.
func TestUpgrade(t *testing.T) { //nolint:paralleltest // it measures times
	lastBin, bin := binaries(t)
	old := last(lastBin)
	s := newStand(t, dbtest.SQLite)
	s.prepare(old)

	// The last release starts the orders. Without shipping, none is confirmed before the upgrade.
	s.halt("shipping")
	first := s.come(load.Options{Orders: *orders, Concurrency: 16, Until: load.UntilAcknowledged, Mix: mix(0)})
	first.here()
	flagged := s.flag()
	meanwhile := s.come(load.Options{Duration: time.Minute, Rate: 2, Mix: mix(0)})

	began := time.Now()
	s.startBroker(bin)
	this := s.current(bin, "this-build")
	blocked := s.versions(this, other(this.name))
	require.False(t, blocked.MayGo, "%+v", blocked)
	require.Positive(t, blocked.Sagas)
	require.Contains(t, blocked.Polls, "order")

	s.halt("order")                                                                // step 1
	s.do(this, append([]string{"migrate"}, services...)...)                        // step 2
	s.begin(this, "order")                                                         // step 4
	require.False(t, s.versions(this, other(this.name)).MayGo, "it serves others") //
	s.roll(this, "catalog", "inventory", "payment")                                //
	s.begin(this, "shipping")                                                      //
	after := s.versions(this, other(this.name))                                    //
	require.True(t, after.MayGo, "%+v", after)                                     //
	s.halt("api")                                                                  // step 5
	s.begin(this, "api")                                                           //
	t.Logf("upgrade: the roll-out took %s; the last release's sagas still to be continued after it: %d", time.Since(began).Round(time.Second), after.Sagas)

	first.left("started by the last release")
	meanwhile.left("placed during the upgrade")
	s.confirmed(flagged)
	id := flagged[0].ID
	s.again(&flagged[0])
	require.Equal(t, id, flagged[0].ID, "a repeat finds the order that the last release has placed")
	s.sound(this)

	s.toAndFro(this, s.current(bin, "another-build"))
	s.sound(this)
}

// toAndFro rolls from one build to another and back, worker by worker, with orders of both
// styles in flight.
func (s *stand) toAndFro(from, to release) {
	s.t.Helper()
	for _, r := range []struct{ from, to release }{{from, to}, {to, from}} {
		var flagged []placed
		for _, h := range hard {
			flagged = append(flagged, s.place(h.token, h.postalCode, order.Orchestrated), s.place(h.token, h.postalCode, order.Choreographed))
		}
		meanwhile := s.come(load.Options{Duration: 45 * time.Second, Rate: 4, Mix: mix(50)})
		began := time.Now()
		s.roll(r.to, services...)
		s.halt("api")
		s.begin(r.to, "api")
		b := s.versions(r.to, func(b builds.Build) bool { return b.Name == r.from.name })
		require.True(s.t, b.MayGo, "%+v", b)
		s.t.Logf("upgrade: from %s to %s in %s", r.from.name, r.to.name, time.Since(began).Round(time.Second))
		meanwhile.left("placed meanwhile, half of them choreographed")
		s.confirmed(flagged)
	}
}

// TestBack follows the page back to the last release: the orders that it has begun end
// there, after this build has had them. New ones work too, so its rows and statements fit
// the newer schema.
func TestBack(t *testing.T) { //nolint:paralleltest // they share the machine
	lastBin, bin := binaries(t)
	old := last(lastBin)
	for name, dsn := range map[string]func(testing.TB) string{"OnSQLite": dbtest.SQLite, "OnPostgres": dbtest.Postgres} {
		t.Run(name, func(t *testing.T) { newStand(t, dsn).goBack(old, bin) })
	}
}

// goBack goes from the last release to this build, back, and forward again.
func (s *stand) goBack(old release, bin string) {
	s.t.Helper()
	s.prepare(old)
	s.halt("shipping") // so that the orders are in flight all the time
	first := s.come(load.Options{Orders: 40, Concurrency: 8, Until: load.UntilAcknowledged, Mix: mix(0)})
	first.here()
	flagged := s.flag()
	s.startBroker(bin)
	this := s.current(bin, "this-build")
	for _, service := range services {
		this.environ = append(this.environ, variable(service)+"_QUEUE="+service) // that the last release polls
	}
	s.halt("order")
	s.do(this, append([]string{"migrate"}, services...)...)
	s.begin(this, "order")
	s.roll(this, "catalog", "inventory", "payment")
	s.halt("api")
	s.begin(this, "api")

	// This build has placed no orders of its own: without shipping, which each needs also to
	// be undone, they would not be decided before it goes. It continues the others until
	// they wait for shipping.
	for i := range flagged {
		s.until("order "+flagged[i].ID+" has come to its parcels", func(context.Context) bool {
			return s.get(&flagged[i]) && flagged[i].at(activities.BookParcels.Name) //nolint:contextcheck // a request has the context of the test
		})
		require.Equal(s.t, string(order.Pending), flagged[i].Status)
	}

	s.halt("api", "order")
	s.do(old, "replay", "--quiet", "--query", "WorkflowType = 'PlaceOrder' AND ExecutionStatus = 'Running'")
	s.begin(old, "order")
	s.roll(old, "catalog", "inventory", "payment")
	s.begin(old, "shipping", "api")
	s.confirmed(flagged)
	first.left("of every kind, begun by the last release, had by this build, and ended by the last release")
	meanwhile := s.come(load.Options{Orders: 40, Concurrency: 8, Mix: mix(0)})
	meanwhile.left("placed by the last release, on the newer schema")
	s.judged(old)

	// Forward again.
	s.halt("order")
	s.do(this, append([]string{"migrate"}, services...)...)
	s.begin(this, "order")
	s.roll(this, "catalog", "inventory", "payment", "shipping")
	s.halt("api")
	s.begin(this, "api")
	s.sound(this)
}
