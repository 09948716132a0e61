//go:build record

package alerts_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/proof/whole"
)

var (
	binary  = flag.String("binary", "", "the amends that runs; empty: it is built")
	healthy = flag.Duration("healthy", 11*time.Minute, "how long the healthy platform is watched")
	every   = flag.Duration("every", 5*time.Second, "the time between two looks at the metrics")
)

const folder = "../../deploy/observability/testdata"

// scenario is a platform whose series are recorded.
type scenario struct {
	name string
	// settings are those of the platform that differ from a usual one.
	settings []string
	// healthy is how long all is well before the fault, and faulty how long it lasts.
	healthy, faulty time.Duration
	plant           func(p *platform, t *testing.T)
	// fires are the alerts at the end; none fires before the fault. Empty: none at all.
	fires []string
	// about says in the file which fault it was.
	about string
}

var scenarios = []scenario{
	{
		name:  "healthy",
		about: "a platform that takes an order every two seconds; one in ten is declined",
	},
	{
		name: "flag", healthy: time.Minute, faulty: 13 * time.Minute, settings: []string{"AMENDS_SAGA_PARK_AFTER=5s"},
		plant: (*platform).silence, fires: []string{"OrderNeedsAttention"},
		about: "the provider does not tell the outcome of one payment, for good",
	},
	{
		name: "flag-recovers", healthy: time.Minute, faulty: 11 * time.Minute, settings: []string{"AMENDS_SAGA_PARK_AFTER=5s"},
		plant: (*platform).flag,
		about: "the provider tells the outcome of a payment after two minutes (tok_unknown), so the flag goes by itself",
	},
	{
		name: "dead-letter", healthy: time.Minute, faulty: 3 * time.Minute,
		plant: (*platform).poison, fires: []string{"DeadLetter", "ListenerLag"},
		about: "the order service tells an event that no listener can read; the read model's position stays before it",
	},
	{
		name: "doctor", healthy: time.Minute, faulty: 3 * time.Minute, settings: []string{"AMENDS_DOCTOR_EVERY=20s", "AMENDS_DOCTOR_WHOLE_EVERY=0", "AMENDS_DOCTOR_PAUSE=1s"},
		plant: (*platform).damage, fires: []string{"DoctorFinding"},
		about: "a row of the stock is changed by hand",
	},
	{
		name: "engine", healthy: time.Minute, faulty: 7 * time.Minute,
		plant: (*platform).stall, fires: []string{"AcknowledgementSlow", "ErrorRate"},
		about: "the engine stands still for 3 of every 4 seconds",
	},
	{
		name: "errors", healthy: time.Minute, faulty: 6 * time.Minute,
		plant: (*platform).lock, fires: []string{"ErrorRate", "OrderStuck"},
		about: "a transaction holds the database of the order service",
	},
	{
		name: "no-worker", healthy: time.Minute, faulty: 6 * time.Minute,
		plant: (*platform).kill, fires: []string{"OrderStuck", "ProcessDown", "QueueWithoutWorker"},
		about: "the worker of the payment service is killed",
	},
	{
		name: "clock", healthy: time.Minute, faulty: 4 * time.Minute,
		plant: (*platform).misdate, fires: []string{"ClockSkew"},
		about: "no customer orders; the clock of the catalog's worker is 15 minutes behind the engine's, through a proxy that moves every time that the engine tells it",
	},
	{
		name: "certificate", faulty: 4 * time.Minute,
		plant: func(*platform, *testing.T) {}, fires: []string{"CertificateEnds", "OrdersNotMeasured"}, //nolint:thelper // it plants nothing
		about: "a worker with certificates that have 7 hours left and are not renewed; no order service runs beside it",
	},
}

// TestRecord takes a quarter of an hour, unless -healthy says otherwise.
func TestRecord(t *testing.T) {
	t.Parallel()
	bin := *binary
	if bin == "" {
		bin = whole.Build(t)
	}
	for _, s := range scenarios {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			if s.plant == nil {
				s.healthy = *healthy
			}
			p := start(t, bin, s)
			series := newSeries()
			p.watch(t, series, s.healthy)
			if s.plant != nil {
				s.plant(p, t)
			}
			p.watch(t, series, s.faulty)
			require.NoError(t, os.WriteFile(filepath.Join(folder, s.name+".yaml"), []byte(series.text(s)), 0o600))
		})
	}
}

// text returns the file of a scenario.
func (s *series) text(of scenario) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Recorded by `go test ./proof/alerts -tags record`: %s.\n", of.about)
	fmt.Fprintf(&b, "recorded: true\ninterval: %s\n", *every)
	silent := of.healthy
	if len(of.fires) == 0 {
		silent += of.faulty
	}
	fmt.Fprintf(&b, "silent_until: %s\nfires_at: %s\n", silent, of.healthy+of.faulty-*every)
	fmt.Fprintf(&b, "fires: [%s]\nseries:\n", strings.Join(of.fires, ", "))
	for _, name := range s.names() {
		fmt.Fprintf(&b, "  - series: '%s'\n    values: '%s'\n", name, s.values(name))
	}
	return b.String()
}
