package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/proof/bench/areas"
	"github.com/amends/amends/proof/bench/report"
	"github.com/amends/amends/proof/bench/rig"
	"github.com/amends/amends/proof/enginetest"
)

// scratch holds the binaries; it outlives every test.
var scratch string

// TestMain also is the processes of the floor, which are this binary again.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && (os.Args[1] == rig.FloorWorker || os.Args[1] == rig.FloorClient) {
		main()
		return
	}
	var err error
	if scratch, err = os.MkdirTemp("", "amends-bench-bin-"); err != nil {
		panic(err)
	}
	code := m.Run()
	if err := os.RemoveAll(scratch); err != nil {
		panic(err)
	}
	os.Exit(code)
}

// build builds amends beside the engines' binaries, once.
var build = sync.OnceValue(func() error {
	out, err := exec.Command("go", "build", "-o", filepath.Join(scratch, "amends"), "../../cmd/amends").CombinedOutput()
	if err != nil {
		return fmt.Errorf("build amends: %w: %s", err, out)
	}
	bin, err := filepath.Abs("../../bin")
	for _, name := range []string{"temporal", "temporal-server", "temporal-sql-tool"} {
		err = errors.Join(err, os.Symlink(filepath.Join(bin, name), filepath.Join(scratch, name)))
	}
	return err
})

// tiny returns options for rounds that work like real ones, without meaningful
// figures.
func tiny(t *testing.T, engine string) options {
	t.Helper()
	require.NoError(t, build())
	if engine == onPostgres {
		enginetest.Binaries(t)
	}
	return options{bin: scratch, write: filepath.Join(t.TempDir(), "benchmarks.md"), seed: 1, settle: 300 * time.Millisecond}
}

// page returns the written page.
func (o options) page(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(o.write)
	require.NoError(t, err)
	return string(text)
}

func within(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

func TestComparesAnOrderWithTheFloor(t *testing.T) {
	t.Parallel()
	o := tiny(t, onPostgres)
	o.trace = true
	o.profile = filepath.Join(t.TempDir(), "profiles")
	c := comparison{
		options: o, engines: []string{onPostgres}, concurrency: []int{2}, layouts: []string{"joined", "mtls"},
		// A profile of one second can miss a tenth of the time.
		pacing: pacing{rounds: 1, duration: 3 * time.Second, warm: 500 * time.Millisecond},
	}
	var say bytes.Buffer
	result, err := c.on(within(t, 15*time.Minute), onPostgres, &say)
	require.NoError(t, err, "%s", &say)

	all := result.contenders[2]
	require.Len(t, all, 4)
	for i, who := range all {
		for _, m := range report.Metrics {
			stat, ok := who.Rounds.Of(m)
			switch {
			case m == report.Coordination:
				require.False(t, ok, "of the comparison of styles only")
				continue
			case m == report.ServiceTrips && i != 1 && i != 2:
				require.False(t, ok, "%s: of floor-n and the first layout only", who.Name)
				continue
			case (m == report.CPUBroker || m == report.EventsTold || m == report.EventsDelivered) && i < 2:
				require.False(t, ok, "%s: it tells nothing", who.Name)
				continue
			}
			require.True(t, ok, "%s: %s", who.Name, m)
			switch m {
			case report.OrdersPerSecond, report.DecidedP50, report.EngineWritten:
				require.Positive(t, stat.Min, "%s: %s", who.Name, m)
			default: // rounds are too short for the clock of CPU time, and for the idle contenders
			}
		}
	}
	is := func(name string, m report.Metric) float64 {
		stat, _ := byName(all, name).Of(m)
		return stat.Median
	}
	// The shape of the floor's histories does not depend on the machine, but for a task now and then
	// that was late and is in a history twice.
	require.InDeltaSlice(t, []float64{5, 1}, []float64{is(bareName, report.Events), is(bareName, report.WorkflowTasks)}, 0.5)
	require.InDeltaSlice(t, []float64{41, 7}, []float64{is(naiveName, report.Events), is(naiveName, report.WorkflowTasks)}, 0.5)
	require.Greater(t, is(orderName, report.Events), 10.0)
	// One INSERT per step; an idle connection may be looked at before it is used, more often the
	// fewer orders a busy machine makes.
	looks := 0.0
	for database, n := range result.trips[naiveName] {
		if rig.OfFloor(database) {
			looks += n.executions["-- ping"]
		}
	}
	require.InDelta(t, 7, is(naiveName, report.ServiceTrips)-looks, 1.5)
	require.Greater(t, is(orderName, report.ServiceTrips), 10.0)
	require.Greater(t, is(naiveName, report.EngineWritten), is(bareName, report.EngineWritten))

	text := c.text(result, false)
	for _, want := range []string{"2 at a time", "floor, SHA-256", "Other layouts of the platform, 2 at a time", "Aims, 2 at a time", "engine transactions per order", "amends_order\n", "temporal\n", "INSERT INTO history_node", "at most 0.35"} {
		require.Contains(t, text, want)
	}
	require.Contains(t, c.text(result, true), "| orders/s | ")
	require.Contains(t, c.text(result, true), "| CPU per order, ms | engine, floor-n | workers, floor-n | floor-client | engine, order | workers, order | api |\n")
	require.Len(t, result.where, 6)
	for _, p := range result.where {
		require.FileExists(t, filepath.Join(o.profile, p.file()))
		sum := 0.0
		for _, share := range p.shares {
			sum += share
		}
		if p.part == rig.Engine || len(p.shares) > 0 { // the others may be too quick for the profiler's clock
			require.InDelta(t, 1, sum, 1e-9, p.name)
		}
		if p.part == rig.Engine {
			require.Positive(t, p.shares[areas.GRPC]*p.shares[areas.Server], "functions are called what the rules say")
		}
	}
}

func TestWritesWhetherCostsAreFlatAndNothingGrows(t *testing.T) {
	t.Parallel()
	o := tiny(t, onDev)
	o.alone = true
	o.without = func(s *rig.Options) { setting("AMENDS_SAGA_DECIDE_AFTER=15s")(&s.Platform) } // the doctor judges no younger ones
	ctx := within(t, 15*time.Minute)
	var out, say bytes.Buffer

	f := flatness{options: o, engine: onDev, concurrency: 2, from: 4, to: 12, window: 4, rounds: 2}
	require.NoError(t, f.run(ctx, &out, &say), "%s", &say)
	require.Contains(t, out.String(), "after 4")
	require.Contains(t, say.String(), "12 orders\n4 orders\nafter 4, round 1 of 2: ", "both are there before either is measured")
	require.Contains(t, say.String(), "\nafter 12, round 2 of 2: ")
	require.Regexp(t, `with 48 of them, -?[0-9.]+ ms of CPU`, out.String(), "too few to be seen")
	require.Regexp(t, `(?m)^\| the checkpoint 16 orders before \| – \| – \| [0-9.]+, [0-9.]+ \(`, o.page(t), "the dev server has no WAL")
	require.Contains(t, o.page(t), "| per order | after 4 | after 12 | after 12 / after 4 |")
	require.Regexp(t, `\| after 12 \| -?[0-9.]+ \| 0\.0 \|`, o.page(t), "the dev server's store counts no transactions")

	s := soak{options: o, engine: onDev, concurrency: 2, duration: 2 * time.Second, warmUp: time.Second, every: 200 * time.Millisecond}
	s.profile = filepath.Join(t.TempDir(), "heaps")
	require.NoError(t, s.run(ctx, &out, &say), "%s", &say)
	for _, heap := range []string{"worker-warm.heap", "worker-end.heap"} {
		require.FileExists(t, filepath.Join(s.profile, heap))
	}
	page := o.page(t)
	require.Contains(t, page, "after the first 1s")
	require.Regexp(t, `(?m)^\| worker( \| [0-9.]+){8} \|$`, page, "its memory over time")
	for _, want := range []string{"| the engine | ", "| worker | ", "| the broker | ", "memory of the services' PostgreSQL", "goroutines of worker", "longest wait of a fact for its listeners, s"} {
		require.Contains(t, page, want)
	}
	if judged := "| findings of the doctor | none | none | met |"; !strings.Contains(page, judged) { // these orders may be too young
		require.Contains(t, page, "| findings of the doctor | none | see the output | missed |")
		require.Contains(t, say.String(), "nothing was judged")
	}
	require.Contains(t, page, "| per order | after 4 |", "the other section is still there")
	require.Contains(t, page, "<!-- bench: begin -->\nNot run.\n")
}

func TestSoakRefusesAWarmUpThatLeavesNothing(t *testing.T) {
	t.Parallel()
	for _, warmUp := range []string{"-1s", "60s", "51s"} {
		var out, say strings.Builder
		err := run(t.Context(), []string{"soak", "--duration", "60s", "--warm-up", warmUp}, &out, &say)
		require.EqualError(t, err, "warm-up: must end before the last two looks at everything")
	}
}

func TestRefusesALayoutThatDoesNotExist(t *testing.T) {
	t.Parallel()
	var out, say strings.Builder
	err := run(t.Context(), []string{"run", "--layouts", "joined,cloud"}, &out, &say)
	require.EqualError(t, err, `layouts: there is no "cloud", only joined, together, apart, split, mtls`)
}

func TestFlatRefusesAnOldPlatformThatIsYounger(t *testing.T) {
	t.Parallel()
	var out, say strings.Builder
	err := run(t.Context(), []string{"flat", "--from", "10", "--to", "10"}, &out, &say)
	require.EqualError(t, err, "to: must be more than 10, which the young platform has had")
}

func TestQuantile(t *testing.T) {
	t.Parallel()
	var times []time.Duration
	for i := range 100 {
		times = append(times, time.Duration(100-i)*time.Millisecond)
	}
	require.InDelta(t, 50, quantile(times, 0.50), 1e-9)
	require.InDelta(t, 99, quantile(times, 0.99), 1e-9)
	require.InDelta(t, 1, quantile(times[99:], 0.99), 1e-9)
	require.Zero(t, quantile(nil, 0.5))
}

func TestCostsAreWithoutTheIdleUse(t *testing.T) {
	t.Parallel()
	began := time.Now()
	m := meter{idle: map[rig.Counter]float64{rig.EngineCPU: 0.1}}
	used := m.used(
		rig.Counters{At: began, Values: map[rig.Counter]float64{rig.EngineCPU: 5, rig.CPUOf(rig.Worker): 1, rig.EngineWAL: 0}},
		rig.Counters{At: began.Add(10 * time.Second), Values: map[rig.Counter]float64{rig.EngineCPU: 8, rig.CPUOf(rig.Worker): 2, rig.EngineWAL: 4096}},
	)
	s := costs(contender{workers: []string{rig.Worker}, front: rig.API}, used, 4)
	require.InDelta(t, 500, s[report.CPUEngine], 1e-6)
	require.InDelta(t, 250, s[report.CPUWorkers], 1e-6)
	require.InDelta(t, 750, s[report.CPU], 1e-6)
	require.InDelta(t, 1, s[report.EngineWAL], 1e-6)
	require.NotContains(t, s, report.EngineTx, "there is no PostgreSQL")
}
