package measure

import (
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// line is one of /proc/PID/stat, of a command with a misleading name.
const line = "4711 (a) R 1 (b) S 42 4711 4711 0 -1 4194560 7181 99 0 0 12 34 5 6 20 0 9 0 1234 0 0"

func TestParsesStat(t *testing.T) {
	t.Parallel()
	s, err := parseStat(line)
	require.NoError(t, err)
	require.Equal(t, stat{pid: 4711, parent: 42, cpu: (12 + 34 + 5 + 6) * 10 * time.Millisecond}, s)

	for _, bad := range []string{"", "4711", "4711 (a) S 1 2", "x (a)" + line[strings.LastIndexByte(line, ')')+1:]} {
		_, err := parseStat(bad)
		require.ErrorContains(t, err, "not a stat line", bad)
	}
}

func TestDescendants(t *testing.T) {
	t.Parallel()
	all := []stat{{pid: 5, parent: 4}, {pid: 4, parent: 2}, {pid: 2, parent: 1}, {pid: 3, parent: 1}, {pid: 1, parent: 0}}
	var pids []int
	for _, s := range descendants(all, 2) {
		pids = append(pids, s.pid)
	}
	require.Equal(t, []int{5, 4, 2}, pids)
	require.Empty(t, descendants(all, 9))
}

// TestReadsAProcessAndItsChildren lets a shell use the CPU, in a child that it
// waits for.
func TestReadsAProcessAndItsChildren(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		t.Skip("there is no /proc")
	}
	cmd := exec.CommandContext(t.Context(), "/bin/sh", "-c",
		`/bin/sh -c 'i=0; while [ $i -lt 600000 ]; do i=$((i+1)); done'; echo; read -r end`)
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	_, err = out.Read(make([]byte, 1))
	require.NoError(t, err)

	p, err := ReadProcess(cmd.Process.Pid)
	require.NoError(t, err)
	require.Greater(t, p.CPU, 50*time.Millisecond, "the child that has ended counts")
	require.Positive(t, p.Resident)
	require.Positive(t, p.Own)
	require.Less(t, p.Own, p.Resident)

	require.NoError(t, in.Close())
	_ = cmd.Wait() // read fails
	_, err = ReadProcess(cmd.Process.Pid)
	require.ErrorIs(t, err, os.ErrProcessDone)
}

func TestParsesGo(t *testing.T) {
	t.Parallel()
	const good = `# HELP go_goroutines Number of goroutines that currently exist.
go_goroutines 42
go_memstats_alloc_bytes 1
go_memstats_alloc_bytes_total 2.5e+06
go_memstats_mallocs_total 1000
`
	g, err := parseGo(strings.NewReader(good))
	require.NoError(t, err)
	require.Equal(t, Go{Allocations: 1000, Allocated: 2.5e6, Goroutines: 42}, g)
	_, err = parseGo(strings.NewReader(strings.ReplaceAll(good, "mallocs", "x")))
	require.EqualError(t, err, "there is no metric go_memstats_mallocs_total")
	_, err = parseGo(strings.NewReader("go_goroutines many\n"))
	require.ErrorContains(t, err, "metric go_goroutines")
}

func TestParsesTheGreatestLag(t *testing.T) {
	t.Parallel()
	lag := func(query, payment string) (float64, error) {
		return parseLag(strings.NewReader(`# HELP amends_events_lag_seconds Age of the oldest event.
amends_events_lag_seconds{group="query"} ` + query + `
amends_events_unheard_seconds{group="order"} 0
amends_events_unheard_seconds{group="payment"} ` + payment + `
amends_events_behind{group="query"} 7
`))
	}
	greatest, err := lag("1.5", "0.25")
	require.NoError(t, err)
	require.InDelta(t, 1.5, greatest, 0)
	greatest, err = lag("0.25", "61")
	require.NoError(t, err)
	require.InDelta(t, 61.0, greatest, 0)
	_, err = lag("late", "0")
	require.ErrorContains(t, err, `metric "amends_events_lag_seconds{group=\"query\"} late"`)
	_, err = parseLag(strings.NewReader("go_goroutines 42\n"))
	require.ErrorContains(t, err, "there is no metric amends_events_lag_seconds{ or amends_events_unheard_seconds{")
}
